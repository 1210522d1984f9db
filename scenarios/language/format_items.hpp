// SPDX-License-Identifier: Apache-2.0
// Prints statements line by line. Private to the formatter.
#pragma once

#include <span>
#include <vector>

#include "scenarios/language/ast.hpp"
#include "scenarios/language/printer.hpp"

namespace language {

void print_item(Printer& printer, const Item& item);

// format_events.cpp: the lines of init, timeline and thread blocks.
void print_events(Printer& printer, std::span<const Event> events);
// The same with the step blocks of a timeline; `inline_text` is what stands between its braces.
void print_timeline(Printer& printer, const Timeline& timeline);
std::string inline_text(const Timeline& timeline);
std::string inline_text(const Event& event);

}  // namespace language
