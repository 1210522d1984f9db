// SPDX-License-Identifier: Apache-2.0
#pragma once

// Every policy, one line each. The scenario language, `list` and the docs follow this list.

#include <variant>

#include "model/policy/handle.hpp"
#include "model/policy/interval_notifier.hpp"
#include "model/policy/kvm.hpp"
#include "model/policy/none.hpp"
#include "model/policy/pin_all.hpp"
#include "model/policy/sva.hpp"
#include "model/policy/xpmem.hpp"

namespace model {

using Policy = std::variant<NonePolicy,              //
                            PinAllPolicy,            //
                            IntervalNotifierPolicy,  //
                            KvmPolicy,               //
                            SvaPolicy,               //
                            XpmemPolicy,             //
                            HandlePolicy>;

static_assert(InvalidationPolicy<NonePolicy> && InvalidationPolicy<PinAllPolicy> &&
              InvalidationPolicy<IntervalNotifierPolicy> && InvalidationPolicy<KvmPolicy> &&
              InvalidationPolicy<SvaPolicy> && InvalidationPolicy<XpmemPolicy> &&
              InvalidationPolicy<HandlePolicy>);

}  // namespace model
