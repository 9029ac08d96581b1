/// A layer with a file that somebody may move away: at a SIGHUP it opens it anew.
package protocol Reopening: Sendable {
  func reopen()
}
