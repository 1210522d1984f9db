// SPDX-License-Identifier: Apache-2.0
#include "model/memory/names.hpp"

#include "model/memory/frame.hpp"

namespace model {

bool Names::current(FrameId frame, std::uint16_t generation) const {
  return frame.some() && frame.index() < frames->size() &&
         (*frames)[frame].generation == generation;
}

std::uint32_t Names::sequence(MmId mm, std::uint32_t now, std::uint32_t value) {
  constexpr std::uint32_t young = 3;
  if (now - value < young) return now - value;
  const std::pair wanted(mm, value);
  const auto place = std::ranges::find(old, wanted);
  const auto number = static_cast<std::uint32_t>(place - old.begin());
  if (place == old.end()) old.push_back(wanted);
  return young + number;
}

void encode_generation(sim::Encoder& out, FrameId frame, std::uint16_t generation) {
  const Names* names = names_of(out);
  if (names != nullptr && names->frames != nullptr) {
    out.add(names->current(frame, generation));
  } else {
    out.add(generation);
  }
}

}  // namespace model
