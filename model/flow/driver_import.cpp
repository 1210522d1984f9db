// SPDX-License-Identifier: Apache-2.0
// What a policy may do with memory of another device.
#include "model/flow/all.hpp"
#include "model/policy/driver.hpp"

namespace model {

void Driver::lock_exporter(MrId mr) {
  context_.take(exporter_lock(registration(mr).import.buffer), LockMode::write);
}

void Driver::unlock_exporter(MrId mr) {
  context_.release(exporter_lock(registration(mr).import.buffer));
}

bool Driver::exporter_locked(MrId mr) const {
  return !context_.machine.lock_available(exporter_lock(registration(mr).import.buffer),
                                          LockMode::read);
}

bool Driver::revoked(MrId mr) const {
  return context_.mapping(registration(mr).import.buffer).revoked;
}

bool Driver::get_pages(MrId mr, bool pin) {
  const Registration& region = registration(mr);
  const Mapping& buffer = context_.mapping(region.import.buffer);
  if (buffer.revoked) return false;
  const auto page_of = [&](std::uint32_t i) { return buffer.cached(region.import.first + i); };
  for (std::uint32_t i = 0; i < region.pages.count; ++i) {
    if (!page_of(i).present()) return false;
  }
  for (std::uint32_t i = 0; i < region.pages.count; ++i) {
    const FrameId frame = page_of(i).frame();
    if (pin) {
      context_.get(frame);
      ++context_.frame(frame).pins;
      context_.registration(mr).pinned.push_back(frame);
    }
    install(
        mr, region.pages.at(i),
        {.frame = frame, .generation = context_.frame(frame).generation, .write = region.write});
  }
  context_.registration(mr).import.taken = true;
  return true;
}

void Driver::put_pages(MrId mr) {
  Import& import = context_.registration(mr).import;
  if (!import.taken) context_.emit({.kind = EventKind::dropped_twice});
  import.taken = false;
  unpin_all(mr);
}

void Driver::set_mapped(MrId mr, bool mapped) { context_.registration(mr).import.mapped = mapped; }

}  // namespace model
