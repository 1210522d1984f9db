// SPDX-License-Identifier: Apache-2.0
// How a piece of the syntax tree is written: one line, one space, C's operators. What the
// formatter prints, and what reports quote.
#pragma once

#include <string>
#include <vector>

#include "scenarios/language/ast.hpp"

namespace language {

std::string canonical(const Expr& expr);
std::string canonical(const Arg& arg);
std::string canonical(const std::vector<Expr>& exprs);  // Separated by commas.
std::string canonical(const std::vector<Arg>& args);    // With their parentheses.
std::string canonical(const std::vector<Name>& names);  // Separated by commas.
std::string canonical(const Time& time);
std::string canonical(const Result& result);
std::string canonical(const Step& step);
std::string canonical(const Condition& condition);
std::string canonical(const Emission& emission);
std::string canonical(const Setting& setting);  // Without its block.
std::string canonical(const MappedFile& file);
std::string canonical(const Region& region);
std::string canonical(const Window& window);
std::string canonical(const Param& param);
std::string canonical(const WorkloadKey& key);
std::string canonical(const Measurement& row);
std::string canonical(const Report& report);
std::string canonical(const Explore& explore);
std::string canonical(const Assertion& assertion);  // Without `expect fail`.

std::string_view keyword(AssertionKind kind);  // "~exists"
std::string_view keyword(AskKind kind);
std::string_view keyword(ExploreKind kind);

}  // namespace language
