// SPDX-License-Identifier: Apache-2.0
// Workloads, what is measured of them, and reports.
#include "scenarios/language/parser.hpp"

namespace language {
namespace {

WorkloadKey::Value parse_workload_value(Cursor& cursor, bool shares) {
  WorkloadKey::Value value;
  value.value = parse_expr(cursor);
  if (cursor.panicking()) return value;
  if (cursor.accept(TokenKind::colon)) {
    value.colon = true;
    value.detail = parse_expr(cursor);
  } else if (shares && at_expr(cursor)) {
    value.detail = parse_expr(cursor);
  }
  return value;
}

WorkloadKey parse_workload_key(Cursor& cursor) {
  const Token first = cursor.peek();
  WorkloadKey key;
  key.name = cursor.expect_name("the name of a setting");
  const bool shares = key.name.text == "op";
  while (!cursor.panicking() && at_expr(cursor)) {
    key.values.push_back(parse_workload_value(cursor, shares));
    if (shares && !cursor.panicking() && !cursor.accept_comma()) break;
  }
  key.span = cursor.panicking() ? first.span : cursor.since(first);
  return key;
}

Measurement parse_measurement(Cursor& cursor) {
  const Token first = cursor.peek();
  Measurement row;
  row.what = cursor.expect_name("what to measure, as 'latency'");
  if (!cursor.panicking()) cursor.expect(TokenKind::left_paren);
  if (!cursor.panicking()) row.subject = cursor.expect_name("a name");
  if (!cursor.panicking()) cursor.expect(TokenKind::right_paren);
  while (!cursor.panicking() && cursor.at(TokenKind::name)) {
    row.statistics.push_back(parse_statistic(cursor));
  }
  row.span = cursor.panicking() ? first.span : cursor.since(first);
  return row;
}

}  // namespace

Workload parse_workload(Cursor& cursor) {
  Workload workload;
  workload.name = cursor.expect_name("the name of a workload");
  if (!cursor.panicking() && !cursor.accept_word("by")) cursor.error_here("'by' and a process");
  if (!cursor.panicking()) workload.actor = parse_path(cursor);
  workload.block =
      parse_block(cursor, [&] { workload.keys.push_back(parse_workload_key(cursor)); });
  return workload;
}

Trace parse_trace(Cursor& cursor) {
  Trace trace;
  trace.path = parse_string(cursor, "the trace's file name in quotes");
  if (!cursor.panicking() && cursor.accept_word("by")) trace.actor = parse_path(cursor);
  if (!cursor.panicking()) trace.settings = parse_settings(cursor, trace.block);
  return trace;
}

Run parse_run(Cursor& cursor) {
  Run run;
  run.block = parse_block(cursor, [&] { run.settings.push_back(parse_setting(cursor)); });
  return run;
}

Measure parse_measure(Cursor& cursor) {
  Measure measure;
  measure.block = parse_block(cursor, [&] {
    measure.rows.push_back(parse_measurement(cursor));
    while (!cursor.panicking() && cursor.accept_comma()) {
      measure.rows.push_back(parse_measurement(cursor));
      measure.rows.back().same_line = true;
    }
  });
  return measure;
}

Report parse_report(Cursor& cursor) {
  Report report;
  if (cursor.accept_word("plot")) {
    report.kind = ReportKind::plot;
  } else if (!cursor.accept_word("table")) {
    cursor.error_here("table or plot");
  }
  while (!cursor.panicking() && cursor.at(TokenKind::name)) {
    ReportClause clause;
    clause.key = cursor.name_of(cursor.take());
    clause.values = parse_exprs(cursor);
    report.clauses.push_back(std::move(clause));
  }
  return report;
}

}  // namespace language
