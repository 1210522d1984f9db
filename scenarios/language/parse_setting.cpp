// SPDX-License-Identifier: Apache-2.0
// Settings: a name, its values, and for some a block of further settings.
#include <fmt/format.h>

#include "scenarios/language/parser.hpp"

namespace language {
namespace {

// `retries = 8` and `retries: 8`, as other configuration languages write it.
void skip_foreign_separator(Cursor& cursor, const Name& name) {
  if (!cursor.at(TokenKind::equals) && !cursor.at(TokenKind::colon)) return;
  cursor.mistake(cursor.peek().span,
                 fmt::format("a setting is written '{} VALUE', without '{}'", name.text,
                             cursor.text(cursor.peek())),
                 "");
  cursor.take();
}

}  // namespace

Setting parse_setting(Cursor& cursor) {
  const Token first = cursor.peek();
  Setting setting;
  setting.name = cursor.expect_name("the name of a setting");
  if (!cursor.panicking()) skip_foreign_separator(cursor, setting.name);
  while (!cursor.panicking() && at_expr(cursor)) setting.values.push_back(parse_expr(cursor));
  // Only on this line: a '{' on the next could not be told from nonsense.
  if (!cursor.panicking() && cursor.at(TokenKind::left_brace)) {
    setting.nested = parse_settings(cursor, setting.block);
  }
  setting.span = cursor.panicking() ? first.span : cursor.since(first);
  return setting;
}

std::vector<Setting> parse_settings(Cursor& cursor, std::optional<Span>& block) {
  std::vector<Setting> settings;
  block = parse_optional_block(cursor, [&] { settings.push_back(parse_setting(cursor)); });
  return settings;
}

}  // namespace language
