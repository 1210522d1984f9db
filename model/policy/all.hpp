// SPDX-License-Identifier: Apache-2.0
#pragma once

// Every policy, one line each. The scenario language, `list` and the docs follow this list.

#include <variant>

#include "model/policy/dma_buf.hpp"
#include "model/policy/epoch.hpp"
#include "model/policy/evict_restore.hpp"
#include "model/policy/gru.hpp"
#include "model/policy/handle.hpp"
#include "model/policy/huge_block.hpp"
#include "model/policy/interval_notifier.hpp"
#include "model/policy/invalidate_page.hpp"
#include "model/policy/iommu_lazy.hpp"
#include "model/policy/iommu_strict.hpp"
#include "model/policy/kvm.hpp"
#include "model/policy/migrate.hpp"
#include "model/policy/mirror_ro.hpp"
#include "model/policy/none.hpp"
#include "model/policy/peer_memory.hpp"
#include "model/policy/pin_all.hpp"
#include "model/policy/ref_end.hpp"
#include "model/policy/ref_start.hpp"
#include "model/policy/speculative.hpp"
#include "model/policy/sva.hpp"
#include "model/policy/two_pass.hpp"
#include "model/policy/xpmem.hpp"
#include "model/policy/xpmem_module.hpp"

namespace model {

using Policy = std::variant<NonePolicy,              //
                            PinAllPolicy,            //
                            IntervalNotifierPolicy,  //
                            KvmPolicy,               //
                            IommuStrictPolicy,       //
                            IommuLazyPolicy,         //
                            SvaPolicy,               //
                            XpmemPolicy,             //
                            HandlePolicy,            //
                            RefStartPolicy,          //
                            RefEndPolicy,            //
                            GruPolicy,               //
                            TwoPassPolicy,           //
                            EvictRestorePolicy,      //
                            MirrorRoPolicy,          //
                            HugeBlockPolicy,         //
                            EpochPolicy,             //
                            InvalidatePagePolicy,    //
                            SpeculativePolicy,       //
                            MigratePolicy,           //
                            PeerMemoryPolicy,        //
                            DmaBufPolicy,            //
                            XpmemModulePolicy>;

static_assert(InvalidationPolicy<NonePolicy> && InvalidationPolicy<PinAllPolicy> &&
              InvalidationPolicy<IntervalNotifierPolicy> && InvalidationPolicy<KvmPolicy> &&
              InvalidationPolicy<IommuStrictPolicy> && InvalidationPolicy<IommuLazyPolicy> &&
              InvalidationPolicy<SvaPolicy> && InvalidationPolicy<XpmemPolicy> &&
              InvalidationPolicy<HandlePolicy> && InvalidationPolicy<RefStartPolicy> &&
              InvalidationPolicy<RefEndPolicy> && InvalidationPolicy<GruPolicy> &&
              InvalidationPolicy<TwoPassPolicy> && InvalidationPolicy<EvictRestorePolicy> &&
              InvalidationPolicy<MirrorRoPolicy> && InvalidationPolicy<HugeBlockPolicy> &&
              InvalidationPolicy<EpochPolicy> && InvalidationPolicy<InvalidatePagePolicy> &&
              InvalidationPolicy<SpeculativePolicy> && InvalidationPolicy<MigratePolicy> &&
              InvalidationPolicy<PeerMemoryPolicy> && InvalidationPolicy<DmaBufPolicy> &&
              InvalidationPolicy<XpmemModulePolicy>);

}  // namespace model
