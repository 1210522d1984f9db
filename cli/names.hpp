// SPDX-License-Identifier: Apache-2.0
// The scenario's own names for what the model knows by number: buf[1], A.rnic0, UNMAP, -EFAULT.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/event.hpp"
#include "model/machine.hpp"
#include "model/setup.hpp"

namespace cli {

std::string hex(std::uint64_t number);        // 0x1f
std::string number_text(model::Value value);  // 7, 0xbeef: small ones as they are usually written
std::string error_name(std::uint32_t number);
std::string signal_name(std::uint32_t number);

inline constexpr std::uint32_t notifier_event_count = 8;
std::string_view notifier_event_name(std::uint32_t event);  // UNMAP
std::string_view notifier_event_meaning(std::uint32_t event);

std::string_view keyword(const model::Claim& claim);  // never, ~exists
std::string full_text(const model::Claim& claim);     // never use_after_free

class Names {
 public:
  explicit Names(const model::Setup& setup);

  std::string process(model::MmId mm) const;
  std::string pages(model::MmId mm, model::PageRange pages) const;
  std::string adapter(model::AdapterId adapter) const;
  std::string host(model::HostId host) const;
  std::string call(model::LineId line) const;        // munmap(buf)
  std::string short_call(model::LineId line) const;  // 'U', or munmap(buf)
  std::string expected(model::LineId line) const;    // 0 | -EFAULT

  // Objects have the name of the variable that holds them, or will: `line` may be making it.
  std::string registration(const model::Machine& machine, model::MrId mr, model::LineId line) const;
  std::string attachment(const model::Machine& machine, model::AttachmentId attachment,
                         model::LineId line) const;

  // What a call of that line gave back.
  std::string result(const model::Result& result, model::LineId line) const;
  // What a watched or asked expression is worth.
  std::string value(const model::Expression& expression, std::int64_t value) const;

 private:
  // The objects that variables hold, by what makes them.
  enum class Family : std::uint8_t { none, registration, attachment, queue };
  static Family family_of(model::Verb verb);
  std::string object(const model::Machine& machine, Family family, std::uint32_t number,
                     model::LineId line) const;
  std::string region(const model::RegionSetup& region, model::PageRange pages) const;

  const model::Setup& setup_;
  std::vector<Family> families_;  // Of each variable.
};

}  // namespace cli
