// SPDX-License-Identifier: Apache-2.0
#include "model/policy/none.hpp"

#include "model/policy/driver.hpp"

namespace model {
namespace {

constexpr std::array<std::string_view, 2> fault_steps{"walk", "install"};

}  // namespace

StepNames NonePolicy::steps(Hook hook) {
  return hook == Hook::fault ? StepNames{fault_steps} : StepNames{};
}

Next NonePolicy::fault(Driver& driver, PolicyCall& call) const {
  switch (call.at<Fault>()) {
    case Fault::walk:
      call.go(Fault::install);
      return driver.look_up(call.mr, call.page, call.write);
    case Fault::install:  // One write to the adapter's PFN table.
      call.found = driver.found();
      if (!call.found.populated()) return driver.fail(EFAULT);
      driver.install(call.mr, call.page, call.found);
      return Next::done;
  }
  return Next::done;
}

}  // namespace model
