/// Whether to wait in a way that costs something while it is done, as long as it pays.
package struct AdaptiveWait: Sendable {
  private static let longestPause = 1024

  /// Waits to let go by after the next time that it does not pay.
  private var pause = 1
  /// Those still to let go by.
  private var skips = 0

  package init() {}

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
      pause = min(pause * 2, Self.longestPause)
    }
  }
}
