// SPDX-License-Identifier: Apache-2.0
// What flows of the model are called in Linux.
#pragma once

#include <string>

#include "model/event.hpp"

namespace cli::conform {

// The function of the kernel in which an event happens, by its name in Linux 7.3:
// "zap_page_range_single()". Empty: none that has a name.
std::string function_of(const model::CallContext& context);

}  // namespace cli::conform
