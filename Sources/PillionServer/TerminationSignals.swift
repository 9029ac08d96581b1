import Glibc

/// SIGTERM and SIGINT, and SIGHUP where somebody has a use for it, taken by whoever waits for them and by nobody else.
struct TerminationSignals {
  private let set: sigset_t

  /// Blocks the signals in the calling thread and in all that it makes from now on. Without `takesHangUp` SIGHUP ends
  /// the process, as it does when a terminal goes.
  init(takesHangUp: Bool) {
    var set = sigset_t()
    sigemptyset(&set)
    sigaddset(&set, SIGTERM)
    sigaddset(&set, SIGINT)
    if takesHangUp { sigaddset(&set, SIGHUP) }
    pthread_sigmask(SIG_BLOCK, &set, nil)
    // A peer that closed its socket is an error of that write, not the end of the process.
    signal(SIGPIPE, SIG_IGN)
    self.set = set
  }

  /// Waits for SIGTERM or SIGINT; its name. `hangUp` is called at each SIGHUP until then.
  func wait(hangUp: () -> Void) -> String {
    var set = set
    var number: Int32 = 0
    while true {
      guard sigwait(&set, &number) == 0 else { continue }
      if number != SIGHUP { return number == SIGINT ? "SIGINT" : "SIGTERM" }
      hangUp()
    }
  }

  /// From now on the next one ends the process at once.
  func exitOnNext() {
    var set = set
    signal(SIGTERM, SIG_DFL)
    signal(SIGINT, SIG_DFL)
    if sigismember(&set, SIGHUP) == 1 { signal(SIGHUP, SIG_IGN) }
    pthread_sigmask(SIG_UNBLOCK, &set, nil)
  }
}
