// SPDX-License-Identifier: Apache-2.0
// The rules of CONTRIBUTING.md that a machine can keep. Each is a pure function that returns what
// is wrong; tests/tidy_test.cpp runs all over the tree, and feeds each an example it must catch.
#pragma once
#include "tests/tidy/tree.hpp"

namespace tidy {

// layering.cpp: arrows between folders point down only.
Findings layering(const File& file);

// bans.cpp: what a folder must do without.
Findings bans(const File& file);

// form.cpp: how a file looks.
Findings licence(const File& file);
Findings columns(const File& file);
Findings length(const File& file);
Findings header_form(const File& file);
Findings own_namespace(const File& file);
Findings unfinished(const File& file);
Findings host_paths(const File& file);

// lists.cpp: what must be listed or written about somewhere else.
Findings unlisted(const Tree& tree);
Findings undocumented(const Tree& tree);
Findings broken_links(const Tree& tree);

}  // namespace tidy
