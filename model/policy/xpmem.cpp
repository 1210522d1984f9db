// SPDX-License-Identifier: Apache-2.0
#include "model/policy/xpmem.hpp"

namespace model {
namespace {

using P = XpmemPolicy;

constexpr std::array settings_table{
    word<P, &P::in_flight>("in_flight", "complete|terminate",
                           "what a revocation does with transfers in flight"),
    word<P, &P::revoke>("revoke", "parallel|one_by_one", "how the users of a page are recalled"),
    duration<P, &P::quiesce_timeout>("quiesce_timeout",
                                     "cut a user off that does not answer in time; 0: never"),
    flag<P, &P::recheck>("recheck", "an activation starts over when a recall overtakes it"),
    flag<P, &P::wait_answers>("wait_answers", "the owner waits for the users' answers"),
    flag<P, &P::quiesce>("quiesce", "a user answers only when its transfers have ended"),
    flag<P, &P::wait_inflight>("wait_inflight", "the owner waits for its own card's transfers"),
};

}  // namespace

std::span<const Setting<P>> P::settings() { return settings_table; }

}  // namespace model
