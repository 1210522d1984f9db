// SPDX-License-Identifier: Apache-2.0
// Causes in words: the calls of the scenario to which things go back.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "cli/json.hpp"
#include "cli/names.hpp"
#include "cli/scenario.hpp"
#include "cli/timeline.hpp"

namespace cli {

std::string_view name_of(model::CauseKind kind);

// A call of the scenario.
struct CallPlace {
  std::string actor{};
  std::string text{};  // munmap(buf)
  std::string file{};  // Empty: it stands in no file.
  std::size_t line = 0;
};
CallPlace call_place(const Case& what, model::LineId line);

// munmap(buf) :17 - with the file, if it is not the scenario's own; empty: it goes back to no call.
std::string call_text(const Case& what, model::LineId line);
// The same with who calls, if it is not `actor` itself: munmap(buf) of app.t0 :17
std::string call_text(const Case& what, model::LineId line, std::string_view actor);

// <- dropped #9 munmap(buf) of app.t0 :17
std::string cause_text(const Case& what, const Happening& happening);
// since #5 for the driver's lock of mr, until #9 dma_write(mr[0], 2) of A.rnic0 :31
std::string stall_text(const Case& what, const StallEnd& end, const model::Causes& causes);

// The keys actor, operation, file and line: of a call, or null.
Json place_json(const Case& what, model::LineId line);
// Before them step and kind.
Json cause_json(const Case& what, const model::EventCause& cause);

}  // namespace cli
