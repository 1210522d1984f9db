// SPDX-License-Identifier: Apache-2.0
#pragma once

// Short sequences that live inside their owner: a copied world copies them in a few words.

#include <algorithm>
#include <boost/container/small_vector.hpp>

#include "sim/tracked.hpp"

namespace model {

template <class T, std::size_t inline_items>
using Small = boost::container::small_vector<T, inline_items>;

template <class T, std::size_t inline_items>
using Tracked = sim::Tracked<Small<T, inline_items>>;

template <class Container, class Predicate>
void drop_if(Container& items, Predicate predicate) {
  items.erase(std::remove_if(items.begin(), items.end(), predicate), items.end());
}

}  // namespace model
