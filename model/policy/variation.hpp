// SPDX-License-Identifier: Apache-2.0
#pragma once

// A policy with some of its settings changed, under a name of its own.

#include "model/policy/all.hpp"

namespace model {

struct Variation {
  std::string_view name;
  std::string_view meaning;
  Policy policy{};
  Guarantees guarantees{};
};

template <class P, class Owner, class Value>
P varied(Value Owner::*member, std::type_identity_t<Value> value) {
  P policy;
  policy.*member = value;
  return policy;
}

}  // namespace model
