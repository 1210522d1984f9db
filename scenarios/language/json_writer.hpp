// SPDX-License-Identifier: Apache-2.0
// Writes JSON objects with a "node" member that names their type. Private to json*.cpp.
#pragma once

#include <fmt/format.h>

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "scenarios/language/ast.hpp"
#include "scenarios/language/box.hpp"
#include "scenarios/language/source.hpp"

namespace language {

class JsonWriter {
 public:
  explicit JsonWriter(const Source* source) : source_(source) {}

  // An object of that type; `members` writes what is in it.
  template <class Members>
  void node(std::string_view type, const Span* span, Members members) {
    text_ += fmt::format("{{\"node\":\"{}\"", type);
    if (source_ != nullptr && span != nullptr) {
      const Position position = source_->position(span->offset);
      text_ += fmt::format(",\"at\":\"{}:{}\"", position.line, position.column);
    }
    members();
    text_ += '}';
  }

  // A member of the object; nothing if there is nothing to say.
  template <class T>
  void member(std::string_view key, const T& value) {
    if (absent(value)) return;
    text_ += fmt::format(",\"{}\":", key);
    write(*this, value);
  }

  void string(std::string_view value);
  void raw(std::string_view value) { text_ += value; }
  std::string take() { return std::move(text_); }

 private:
  static bool absent(bool value) { return !value; }
  static bool absent(std::string_view value) { return value.empty(); }
  static bool absent(const std::string& value) { return value.empty(); }
  static bool absent(const Name& value) { return value.text.empty(); }
  static bool absent(std::monostate) { return true; }
  template <class T>
  static bool absent(const std::optional<T>& value) {
    return !value;
  }
  template <class T>
  static bool absent(const std::vector<T>& value) {
    return value.empty();
  }
  template <class... T>
  static bool absent(const std::variant<T...>& value) {
    return std::visit([](const auto& chosen) { return absent(chosen); }, value);
  }
  template <class T>
  static bool absent(const Box<T>&) {
    return false;
  }
  template <class T>
  static bool absent(const T&) {
    return false;
  }

  const Source* source_;
  std::string text_;
};

inline void write(JsonWriter& json, bool value) { json.raw(value ? "true" : "false"); }
inline void write(JsonWriter& json, const std::string& value) { json.string(value); }
inline void write(JsonWriter& json, std::string_view value) { json.string(value); }
inline void write(JsonWriter& json, const char* value) { json.string(value); }
inline void write(JsonWriter& json, const Name& name) { json.string(name.text); }
inline void write(JsonWriter& json, const Path& path) { json.string(path.text()); }
inline void write(JsonWriter&, std::monostate) {}
void write(JsonWriter& json, const Expr& expr);
void write(JsonWriter& json, const Arg& arg);
void write(JsonWriter& json, const Property& property);
void write(JsonWriter& json, const Result& result);
void write(JsonWriter& json, const Condition& condition);
void write(JsonWriter& json, const Time& time);
void write(JsonWriter& json, const Step& step);
void write(JsonWriter& json, const Emission& emission);
void write(JsonWriter& json, const Event& event);
void write(JsonWriter& json, const Setting& setting);
void write(JsonWriter& json, const Policy& policy);
void write(JsonWriter& json, const Device& device);
void write(JsonWriter& json, const Region& region);
void write(JsonWriter& json, const StepBlock& step);
void write(JsonWriter& json, const Window::Part& part);
void write(JsonWriter& json, const WorkloadKey& key);
void write(JsonWriter& json, const Measurement& row);
void write(JsonWriter& json, const ReportClause& clause);

template <class T>
void write(JsonWriter& json, const Box<T>& box) {
  write(json, *box);
}
template <class T>
void write(JsonWriter& json, const std::optional<T>& value) {
  write(json, *value);
}
template <class... T>
void write(JsonWriter& json, const std::variant<T...>& value) {
  std::visit([&](const auto& chosen) { write(json, chosen); }, value);
}
template <class T>
void write(JsonWriter& json, const std::vector<T>& values) {
  json.raw("[");
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i > 0) json.raw(",");
    write(json, values[i]);
  }
  json.raw("]");
}

}  // namespace language
