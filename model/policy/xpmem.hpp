// SPDX-License-Identifier: Apache-2.0
#pragma once

// Recall page by page: the owner keeps track of which pages of a handle each user reaches, tells
// only those users, and a page that nobody uses needs no translation. SGI's XPMEM across partitions
// did so, on page tables instead of an RDMA card. It costs a round trip for each page that moves;
// it cannot answer a notification that must not sleep.

#include "model/policy/recall.hpp"

namespace model {

struct XpmemPolicy : RecallProtocol {
  static constexpr std::string_view name = "xpmem";
  static constexpr Guarantees guarantees{.promises = recall_protection};

  XpmemPolicy() { unit = Unit::page; }

  static std::span<const Setting<XpmemPolicy>> settings();
};

}  // namespace model
