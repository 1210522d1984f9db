// SPDX-License-Identifier: Apache-2.0
// Hosts, devices, switches, links, policies, costs, processes, kernels.
#include <array>

#include "scenarios/language/parser.hpp"

namespace language {
namespace {

Device parse_device(Cursor& cursor) {
  const Token first = cursor.take();  // "device"
  Device device;
  device.name = cursor.expect_name("the name of a device");
  if (!cursor.panicking()) cursor.expect(TokenKind::colon);
  if (!cursor.panicking()) device.kind = cursor.expect_name("a kind of device, as 'rnic'");
  device.block = parse_optional_block(cursor, [&] {
    if (cursor.at_word("policy")) {
      cursor.take();
      device.entries.push_back(parse_policy(cursor));
    } else {
      device.entries.push_back(parse_setting(cursor));
    }
  });
  device.span = cursor.panicking() ? first.span : cursor.since(first);
  return device;
}

Region parse_region(Cursor& cursor) {
  const Token first = cursor.peek();
  Region region;
  if (!cursor.accept_word("region")) {
    cursor.error_here("'region'");
    return region;
  }
  region.name = cursor.expect_name("the name of a region");
  if (!cursor.panicking()) cursor.expect(TokenKind::colon);
  if (!cursor.panicking()) region.kind = cursor.expect_name("a kind of memory, as 'anon'");
  if (region.kind.text == "file") region.file = cursor.expect_name("the name of a file");
  region.size = cursor.panicking() ? bad_expr(cursor) : parse_expr(cursor);
  while (!cursor.panicking() && cursor.at(TokenKind::name)) {
    if (cursor.accept_word("at")) {
      region.address = parse_expr(cursor);
    } else if (cursor.accept_word("offset")) {
      region.offset = parse_expr(cursor);
    } else {
      region.flags.push_back(cursor.name_of(cursor.take()));
    }
  }
  region.span = cursor.panicking() ? first.span : cursor.since(first);
  return region;
}

}  // namespace

Host parse_host(Cursor& cursor) {
  Host host;
  host.name = cursor.expect_name("the name of a host");
  host.block = parse_block(cursor, [&] {
    if (cursor.at_word("device")) {
      host.entries.push_back(parse_device(cursor));
    } else {
      host.entries.push_back(parse_setting(cursor));
    }
  });
  return host;
}

Switch parse_switch(Cursor& cursor) {
  Switch node;
  node.name = cursor.expect_name("the name of a switch");
  node.settings = parse_settings(cursor, node.block);
  return node;
}

Mesh parse_mesh(Cursor& cursor) {
  Mesh mesh;
  do {
    mesh.ends.push_back(parse_path(cursor));
  } while (!cursor.panicking() && cursor.accept(TokenKind::comma));
  mesh.settings = parse_settings(cursor, mesh.block);
  return mesh;
}

Link parse_link(Cursor& cursor) {
  Link link;
  link.left = parse_path(cursor);
  if (!cursor.panicking()) cursor.expect(TokenKind::link);
  if (!cursor.panicking()) link.right = parse_path(cursor);
  link.settings = parse_settings(cursor, link.block);
  return link;
}

Policy parse_policy(Cursor& cursor) {
  const Token first = cursor.last();
  Policy policy;
  policy.name = cursor.expect_name("the name of a policy");
  policy.settings = parse_settings(cursor, policy.block);
  policy.span = cursor.panicking() ? policy.name.span : cursor.since(first);
  return policy;
}

Cost parse_cost(Cursor& cursor) {
  Cost cost;
  cost.block = parse_block(cursor, [&] { cost.settings.push_back(parse_setting(cursor)); });
  return cost;
}

Process parse_process(Cursor& cursor) {
  Process process;
  process.name = cursor.expect_name("the name of a process");
  if (!cursor.panicking() && !cursor.accept_word("on")) cursor.error_here("'on' and a host");
  if (!cursor.panicking()) process.host = cursor.expect_name("the name of a host");
  process.block = parse_optional_block(cursor, [&] {
    if (cursor.at_word("rcache")) {
      process.entries.push_back(parse_setting(cursor));
    } else {
      process.entries.push_back(parse_region(cursor));
    }
  });
  return process;
}

MappedFile parse_mapped_file(Cursor& cursor) {
  MappedFile file;
  file.name = cursor.expect_name("the name of a file");
  if (!cursor.panicking() && !cursor.accept_word("on")) cursor.error_here("'on' and a host");
  if (!cursor.panicking()) file.host = cursor.expect_name("the name of a host");
  if (!cursor.panicking()) cursor.expect(TokenKind::colon);
  if (!cursor.panicking()) file.kind = cursor.expect_name("a kind of file, as 'memfd'");
  file.size = cursor.panicking() ? bad_expr(cursor) : parse_expr(cursor);
  while (!cursor.panicking() && cursor.at(TokenKind::name)) {
    file.flags.push_back(cursor.name_of(cursor.take()));
  }
  return file;
}

Kernel parse_kernel(Cursor& cursor) {
  Kernel kernel;
  if (cursor.at(TokenKind::number)) {
    kernel.version = cursor.name_of(cursor.take());
  } else {
    cursor.error_here("a kernel version, as '6.12'");
  }
  kernel.switches = parse_settings(cursor, kernel.block);
  return kernel;
}

Param parse_param(Cursor& cursor) {
  Param param;
  param.name = cursor.expect_name("the name of a param");
  if (cursor.accept(TokenKind::equals)) param.value = parse_expr(cursor);
  if (cursor.panicking() || !cursor.accept_word("in")) return param;
  if (cursor.at(TokenKind::left_bracket)) {
    Expr list = parse_expr(cursor);
    if (auto* elements = std::get_if<ListExpr>(&list.node)) param.choices = std::move(*elements);
    return param;
  }
  ParamRange range;
  range.first = parse_expr(cursor);
  if (!cursor.panicking()) cursor.expect(TokenKind::dot_dot);
  if (cursor.panicking()) return param;
  range.last = parse_expr(cursor);
  if (!cursor.panicking() && cursor.accept_word("step")) range.step = parse_expr(cursor);
  param.choices = std::move(range);
  return param;
}

Let parse_let(Cursor& cursor) {
  Let let;
  let.name = cursor.expect_name("a name");
  if (!cursor.panicking()) cursor.expect(TokenKind::equals);
  let.value = cursor.panicking() ? bad_expr(cursor) : parse_expr(cursor);
  return let;
}

}  // namespace language
