// SPDX-License-Identifier: Apache-2.0
#include "model/policy/dma_api.hpp"

#include "model/policy/driver.hpp"

namespace model {
namespace {

constexpr std::array<std::string_view, 2> map_steps{"next", "installed"};
constexpr std::array<std::string_view, 4> unmap_steps{"clear", "flush", "drain", "give_back"};
constexpr std::array<std::string_view, 4> work_steps{"pause", "flush", "drain", "free"};

}  // namespace

StepNames DmaApi::steps(Hook hook) {
  switch (hook) {
    case Hook::registered:
      return map_steps;
    case Hook::deregistered:
      return unmap_steps;
    case Hook::work:
      return work_steps;
    default:
      return {};
  }
}

// The caller owns the pages: here it pins them.
Next DmaApi::registered(Driver& driver, PolicyCall& call) const {
  const Registration& mr = driver.registration(call.mr);
  switch (call.at<Map>()) {
    case Map::next:
      if (call.cursor == mr.pages.count) return Next::give;
      call.page = mr.pages.at(call.cursor);
      call.go(Map::installed);
      return driver.pin(call.mr, call.page, mr.write);
    case Map::installed:
      call.found = driver.found();
      if (!call.found.populated()) {
        driver.unpin_all(call.mr);
        driver.free_iova(call.mr);
        return driver.fail(EFAULT);
      }
      driver.install(call.mr, call.page, call.found);
      ++call.cursor;
      return call.go(Map::next);
  }
  return Next::done;
}

// __iommu_dma_unmap()
Next DmaApi::deregistered(Driver& driver, PolicyCall& call) const {
  switch (call.at<Unmap>()) {
    case Unmap::clear:
      driver.clear(call.mr, call.pages);
      if (reuse_early) driver.free_iova(call.mr);
      return call.go(lazy ? Unmap::give_back : Unmap::flush);
    case Unmap::flush:
      driver.flush(call.mr, call.pages);
      return call.go(Unmap::drain);
    case Unmap::drain:
      return call.go(Unmap::give_back, Next::pass);
    case Unmap::give_back:
      driver.unpin_all(call.mr);
      if (lazy) {
        driver.queue_work(call.mr);  // queue_iova()
      } else if (!reuse_early) {
        driver.free_iova(call.mr);
      }
      return Next::done;
  }
  return Next::done;
}

// fq_flush_timeout()
Next DmaApi::work(Driver& driver, PolicyCall& call) const {
  switch (call.at<Work>()) {
    case Work::pause:
      driver.pause(timer);
      return call.go(Work::flush);
    case Work::flush:
      driver.flush(call.mr, call.pages);
      return call.go(Work::drain);
    case Work::drain:
      return call.go(Work::free, Next::pass);
    case Work::free:
      if (!reuse_early) driver.free_iova(call.mr);
      return Next::done;
  }
  return Next::done;
}

// What is not mapped, the IOMMU does not let through.
Next DmaApi::fault(Driver& driver, PolicyCall&) const { return driver.fail(EFAULT); }

Wait DmaApi::guard(const PolicyCall& call) const {
  const bool unmaps = call.hook == Hook::deregistered && call.at<Unmap>() == Unmap::drain;
  const bool works = call.hook == Hook::work && call.at<Work>() == Work::drain;
  if (!unmaps && !works) return {};
  return {.kind = Wait::Kind::quiet, .index = call.mr.value, .pages = call.pages};
}

}  // namespace model
