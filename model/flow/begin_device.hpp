// SPDX-License-Identifier: Apache-2.0
#pragma once

// The flows that calls about devices, handles and messages start.

#include "model/flow/context.hpp"

namespace model {

Flow begin_device(const Call& call, const Machine& machine);

}  // namespace model
