import Glibc

/// SIGTERM and SIGINT, taken by whoever waits for them and by nobody else.
struct TerminationSignals {
  private let set: sigset_t

  /// Blocks the signals in the calling thread and in all that it makes from now on.
  init() {
    var set = sigset_t()
    sigemptyset(&set)
    sigaddset(&set, SIGTERM)
    sigaddset(&set, SIGINT)
    pthread_sigmask(SIG_BLOCK, &set, nil)
    // A peer that closed its socket is an error of that write, not the end of the process.
    signal(SIGPIPE, SIG_IGN)
    self.set = set
  }

  /// Waits for one; its name.
  func wait() -> String {
    var set = set
    var number: Int32 = 0
    while sigwait(&set, &number) != 0 {}
    return number == SIGINT ? "SIGINT" : "SIGTERM"
  }

  /// From now on the next one ends the process at once.
  func exitOnNext() {
    var set = set
    signal(SIGTERM, SIG_DFL)
    signal(SIGINT, SIG_DFL)
    pthread_sigmask(SIG_UNBLOCK, &set, nil)
  }
}
