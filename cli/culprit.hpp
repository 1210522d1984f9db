// SPDX-License-Identifier: Apache-2.0
// Of the step in which a claim breaks, the event that says most about why.
#pragma once

#include "model/event.hpp"
#include "model/rules.hpp"
#include "model/setup.hpp"

namespace cli {

// The properties that a `never` is about; of other claims none.
model::PropertySet claimed_by(const model::Claim& claim);

// How much an event of that step says; 0: nothing. `concerns`: what is claimed is about such
// events.
int weight_of(const model::Setup& setup, std::uint32_t claim, const model::Event& event,
              bool concerns);

}  // namespace cli
