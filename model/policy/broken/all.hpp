// SPDX-License-Identifier: Apache-2.0
#pragma once

// Policies that are wrong on purpose, one line each. Each shows one mistake that drivers have made,
// and has a scenario that it loses: scenarios/policies/NAME.sd.

#include <array>

#include "model/policy/broken/allocates.hpp"
#include "model/policy/broken/current_only.hpp"
#include "model/policy/broken/deaf.hpp"
#include "model/policy/broken/early_out.hpp"
#include "model/policy/broken/end_only.hpp"
#include "model/policy/broken/keeps_write.hpp"
#include "model/policy/broken/late_flush.hpp"
#include "model/policy/broken/mmput_inside.hpp"
#include "model/policy/broken/never_dirty.hpp"
#include "model/policy/broken/no_count.hpp"
#include "model/policy/broken/no_drain.hpp"
#include "model/policy/broken/no_recheck.hpp"
#include "model/policy/broken/open_after_release.hpp"
#include "model/policy/broken/recheck_unlocked.hpp"
#include "model/policy/broken/refuse_uncounted.hpp"
#include "model/policy/broken/short_range.hpp"
#include "model/policy/broken/swapped_end.hpp"
#include "model/policy/broken/takes_mutex.hpp"
#include "model/policy/broken/wide_filter.hpp"

namespace model {

inline constexpr std::array broken_policies{
    deaf,                //
    no_recheck,          //
    end_only,            //
    no_count,            //
    early_out,           //
    recheck_unlocked,    //
    no_drain,            //
    short_range,         //
    wide_filter,         //
    refuse_uncounted,    //
    takes_mutex,         //
    allocates,           //
    never_dirty,         //
    keeps_write,         //
    swapped_end,         //
    late_flush,          //
    current_only,        //
    open_after_release,  //
    mmput_inside,        //
};

}  // namespace model
