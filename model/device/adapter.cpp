// SPDX-License-Identifier: Apache-2.0
#include "model/device/adapter.hpp"

namespace model {

void Adapter::encode(sim::Encoder& out) const {
  sim::encode(out, host);
  const bool asked = !invalidations.empty() || next_itag != 0;
  const bool queued = prq_thread || prq_overflow || !event_queues.empty();
  out.add(static_cast<std::uint8_t>(
      (hung ? 1 : 0) | (blocked ? 2 : 0) | (pri_off ? 4 : 0) | (was_late ? 8 : 0) |
      (asked ? 16 : 0) | (requests.empty() ? 0 : 32) | (removed ? 64 : 0) | (queued ? 128 : 0)));
  if (asked) {
    out.add(next_itag);
    sim::encode(out, invalidations);
  }
  if (!requests.empty()) sim::encode(out, requests);
  if (queued) {
    out.add(static_cast<std::uint8_t>((prq_thread ? 1 : 0) | (prq_overflow ? 2 : 0)));
    out.add(prq_handled);
    sim::encode(out, event_queues);
  }
  sim::encode(out, iotlb);
  Names* names = names_of(out);
  if (names == nullptr || !names->device_tlb_roomy) {
    sim::encode(out, tlb);
  } else {
    encode_sorted(out, tlb, [names](const DeviceTlbEntry& entry) {
      const TaskId vcpu = entry.vcpu;
      return std::tuple(entry.mr, entry.page,
                        vcpu.some() ? names->of(task_kind, vcpu.value) : TaskId::none);
    });
  }
  if (names == nullptr || !names->leftovers) return sim::encode(out, transfers);
  encode_sorted(out, transfers, [names](const Transfer& transfer) {
    return std::pair(names->of(task_kind, transfer.task.value), transfer.page);
  });
}

}  // namespace model
