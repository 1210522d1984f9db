// SPDX-License-Identifier: Apache-2.0
#include "model/device/adapter.hpp"

namespace model {

void Adapter::encode(sim::Encoder& out) const {
  sim::encode(out, host);
  out.add(static_cast<std::uint8_t>((hung ? 1 : 0) | (blocked ? 2 : 0)));
  out.add(requests);
  sim::encode(out, iotlb);
  Names* names = names_of(out);
  if (names == nullptr || !names->device_tlb_roomy) {
    sim::encode(out, tlb);
  } else {
    encode_sorted(out, tlb,
                  [](const DeviceTlbEntry& entry) { return std::pair(entry.mr, entry.page); });
  }
  if (names == nullptr || !names->leftovers) return sim::encode(out, transfers);
  encode_sorted(out, transfers, [names](const Transfer& transfer) {
    return std::pair(names->of(task_kind, transfer.task.value), transfer.page);
  });
}

}  // namespace model
