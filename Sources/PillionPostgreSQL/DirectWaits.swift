/// Whether the thread that sends a read to an idle lane shall wait for its answer itself.
///
/// It saves two changes of threads, which cost more than the query where calls come one at a time. But that thread does
/// nothing else meanwhile, so it is done as long as it pays: the answer came soon, and nobody else did.
struct DirectWaits {
  /// The most that a thread waits.
  static let milliseconds: Int32 = 1
  private static let longestPause = 1024

  /// Reads to let go by after the next time that it does not pay.
  private var pause = 1
  /// Those still to let go by.
  private var skips = 0

  /// Asked once for each read that could be waited for.
  mutating func permits() -> Bool {
    if skips == 0 { return true }
    skips -= 1
    return false
  }

  /// How the last one that was permitted went.
  mutating func note(hasPaid: Bool) {
    if hasPaid {
      pause = max(1, pause / 2)
    } else {
      skips = pause
      pause = min(pause * 2, Self.longestPause)
    }
  }
}
