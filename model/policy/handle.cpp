// SPDX-License-Identifier: Apache-2.0
#include "model/policy/handle.hpp"

namespace model {
namespace {

using P = HandlePolicy;

constexpr std::array settings_table{
    word<P, &P::unit>("unit", "handle|page", "what is activated and revoked at once"),
    word<P, &P::in_flight>("in_flight", "complete|terminate",
                           "what a revocation does with transfers in flight"),
    word<P, &P::scope>("scope", "handle|process",
                       "what must be active before a process may post: the handle, or all of its "
                       "handles as in the mail"),
    word<P, &P::reactivate>("reactivate", "lazy|eager",
                            "when revoked pages become active again: at a touch, or at range_end"),
    word<P, &P::revoke>("revoke", "parallel|one_by_one", "how the users of a handle are recalled"),
    duration<P, &P::quiesce_timeout>("quiesce_timeout",
                                     "cut a user off that does not answer in time; 0: never"),
    flag<P, &P::gate>("gate", "a user asks its kernel before it uses an inactive handle"),
    flag<P, &P::recheck>("recheck", "an activation starts over when a revocation overtakes it"),
    flag<P, &P::activate_all>("activate_all", "all pages and handles must be active to post"),
    flag<P, &P::shoot_users>("shoot_users", "users are told of a revocation"),
    flag<P, &P::wait_answers>("wait_answers", "the owner waits for the users' answers"),
    flag<P, &P::unmap_card>("unmap_card", "a user's card page is unmapped at a revocation"),
    flag<P, &P::quiesce>("quiesce", "a user answers only when its transfers have ended"),
    flag<P, &P::wait_inflight>("wait_inflight", "the owner waits for its own card's transfers"),
    flag<P, &P::clear_owner>("clear_owner", "a revocation clears the owner's card"),
    flag<P, &P::signal_on_race>("signal_on_race",
                                "SIGBUS when an activation was overtaken, not only when a page "
                                "cannot be mapped"),
    number<P, &P::resend>("resend",
                          "how often a user is told again when quiesce_timeout is over, before it "
                          "is cut off"),
    flag<P, &P::check_number>("check_number",
                              "an answer counts for the revocation of which it has the number"),
};

}  // namespace

std::span<const Setting<P>> P::settings() { return settings_table; }

}  // namespace model
