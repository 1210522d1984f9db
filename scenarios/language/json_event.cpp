// SPDX-License-Identifier: Apache-2.0
#include "scenarios/language/canonical.hpp"
#include "scenarios/language/json_writer.hpp"
#include "scenarios/language/utf8.hpp"

namespace language {
namespace {

struct ExprWriter {
  JsonWriter& json;
  const Expr& expr;

  void operator()(const BadExpr&) const {
    json.node("bad", &expr.span, [] {});
  }
  void operator()(const NumberExpr& number) const {
    json.node("number", &expr.span, [&] {
      json.member("value", number.value.text());
      json.member("unit", number.unit);
    });
  }
  void operator()(const StringExpr& string) const {
    json.node("string", &expr.span, [&] { json.member("text", string.text); });
  }
  void operator()(const PathExpr& path) const {
    json.node("name", &expr.span, [&] { json.member("path", path.path); });
  }
  void operator()(const RegisterExpr& reg) const {
    json.node("register", &expr.span, [&] {
      json.member("thread", reg.thread);
      json.member("name", reg.name);
    });
  }
  void operator()(const UnitExpr& unit) const {
    json.node("unit", &expr.span, [&] {
      json.member("amount", unit.amount);
      json.member("unit", unit.unit);
    });
  }
  void operator()(const UnaryExpr& unary) const {
    json.node("unary", &expr.span, [&] {
      json.member("op", std::string_view(spelling(unary.op)));
      json.member("operand", unary.operand);
    });
  }
  void operator()(const BinaryExpr& binary) const {
    json.node("binary", &expr.span, [&] {
      json.member("op", std::string_view(spelling(binary.op)));
      json.member("left", binary.left);
      json.member("right", binary.right);
    });
  }
  void operator()(const CallExpr& call) const {
    json.node("call", &expr.span, [&] {
      json.member("function", call.function);
      json.member("args", call.args);
    });
  }
  void operator()(const FieldExpr& field) const {
    json.node("field", &expr.span, [&] {
      json.member("object", field.object);
      json.member("field", field.field);
    });
  }
  void operator()(const IndexExpr& index) const {
    json.node("index", &expr.span, [&] {
      json.member("object", index.object);
      json.member("index", index.index);
    });
  }
  void operator()(const SliceExpr& slice) const {
    json.node("slice", &expr.span, [&] {
      json.member("object", slice.object);
      json.member("first", slice.first);
      json.member("last", slice.last);
    });
  }
  void operator()(const ListExpr& list) const {
    json.node("list", &expr.span, [&] { json.member("elements", list.elements); });
  }
};

}  // namespace

void write(JsonWriter& json, const Property& property) {
  json.node("property", &property.name.span, [&] {
    json.member("name", property.name);
    json.member("value", property.value);
  });
}

void write(JsonWriter& json, const Result& result) { json.string(canonical(result)); }
void write(JsonWriter& json, const Condition& condition) { json.string(canonical(condition)); }
void write(JsonWriter& json, const Time& time) { json.string(canonical(time)); }

void write(JsonWriter& json, const Step& step) {
  json.node("step", &step.span, [&] {
    json.member("target", step.target);
    json.member("call", step.call);
    json.member("args", step.args);
    json.member("results", step.results);
    json.member("label", step.label);
    json.member("properties", step.properties);
  });
}

void write(JsonWriter& json, const Emission& emission) {
  json.node("emission", &emission.span, [&] {
    json.member("forbidden", emission.forbidden);
    json.member("event", emission.event);
    json.member("args", emission.args);
    json.member("conditions", emission.conditions);
  });
}

void JsonWriter::string(std::string_view value) {
  text_ += '"';
  for (std::size_t i = 0; i < value.size();) {
    const std::string_view rest = value.substr(i);
    const std::size_t length = valid_character_length(rest);
    const auto byte = static_cast<unsigned char>(rest[0]);
    if (length == 0) {
      text_ += "\\ufffd";
    } else if (byte < 0x20) {
      text_ += fmt::format("\\u{:04x}", byte);
    } else {
      if (byte == '"' || byte == '\\') text_ += '\\';
      text_ += rest.substr(0, length);
    }
    i += length == 0 ? 1 : length;
  }
  text_ += '"';
}

void write(JsonWriter& json, const Expr& expr) { std::visit(ExprWriter{json, expr}, expr.node); }

void write(JsonWriter& json, const Arg& arg) {
  if (arg.kind != ArgKind::value) return json.string(canonical(arg));
  if (!arg.name) return write(json, arg.value);
  json.node("named", &arg.span, [&] {
    json.member("name", *arg.name);
    json.member("value", arg.value);
  });
}

void write(JsonWriter& json, const Event& event) {
  json.node("event", &event.span, [&] {
    json.member("time", event.time);
    json.member("actor", event.actor);
    json.member("what", event.what);
  });
}

}  // namespace language
