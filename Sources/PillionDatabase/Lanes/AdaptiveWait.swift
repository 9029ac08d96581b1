/// Whether to wait in a way that costs something while it is done, as long as it pays.
package struct AdaptiveWait: Sendable {
  private let longestPause: Int
  /// Waits to let go by after the next time that it does not pay.
  private var pause = 1
  /// Those still to let go by.
  private var skips = 0

  /// - Parameter longestPause: the most waits to let go by after one that did not pay: many, where such a one costs much.
  package init(longestPause: Int = 1024) { self.longestPause = longestPause }

  /// Asked once for each time that could be waited so.
  package mutating func permits() -> Bool {
    if skips == 0 { return true }
    skips -= 1
    return false
  }

  /// How the last one that was permitted went.
  package mutating func note(hasPaid: Bool) {
    if hasPaid {
      pause = max(1, pause / 2)
    } else {
      skips = pause
      pause = min(pause * 2, longestPause)
    }
  }
}
