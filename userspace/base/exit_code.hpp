// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

namespace wp {

/// The program's exit status; a traced command's own status is passed on instead of kDone.
enum class ExitCode {
  kDone = 0,
  kError = 1,
  kUsage = 2,
  kRefuted = 3,
  kUndecided = 4,
  kNotPermitted = 5,  ///< or not supported by this kernel
  kDataLost = 6,
  kInterruptedTwice = 130,
};

}  // namespace wp
