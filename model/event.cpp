// SPDX-License-Identifier: Apache-2.0
#include "model/event.hpp"

namespace model {
namespace {

std::uint64_t join(std::uint32_t high, std::uint32_t low) {
  return (std::uint64_t{high} << 32) | low;
}

std::uint32_t high(std::uint64_t word) { return static_cast<std::uint32_t>(word >> 32); }
std::uint32_t low(std::uint64_t word) { return static_cast<std::uint32_t>(word); }

}  // namespace

sim::Record to_record(const Event& event, TaskId actor) {
  sim::Record record;
  record.actor = actor.value;
  record.kind = static_cast<std::uint16_t>(event.kind);
  record.arguments = {join(event.mm.value, event.mr.value),
                      join(event.attachment.value, event.adapter.value),
                      join(event.pages.first.value, event.pages.count),
                      join(event.frame.value, event.value),
                      join(event.detail, event.generation),
                      event.line.value};
  return record;
}

Event from_record(const sim::Record& record) {
  const auto& words = record.arguments;
  return {.kind = static_cast<EventKind>(record.kind),
          .detail = static_cast<std::uint8_t>(high(words[4])),
          .mm = MmId{high(words[0])},
          .pages = {.first = Page{high(words[2])}, .count = low(words[2])},
          .mr = MrId{low(words[0])},
          .attachment = AttachmentId{high(words[1])},
          .adapter = AdapterId{low(words[1])},
          .frame = FrameId{high(words[3])},
          .generation = static_cast<std::uint16_t>(low(words[4])),
          .value = low(words[3]),
          .line = LineId{low(words[5])}};
}

}  // namespace model
