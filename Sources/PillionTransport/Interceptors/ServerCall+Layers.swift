import NIOCore

/// The way of a call through the layers: down to its method when it begins, up again when it ends.
extension ServerCall {
  /// The headers have come.
  func enter() {
    if let chain = loop.chain { descend(chain) } else { reachMethod() }
  }

  private func descend(_ chain: InterceptorChain) {
    while passedLayers < chain.count {
      begunLayers += 1
      let verdict = chain.begin(passedLayers, self)
      // The layer may have ended the call itself.
      if isEnded { return }
      guard passes(verdict) else { return }
    }
    reachMethod()
  }

  /// Whether the layer at hand lets the call proceed; otherwise its verdict is carried out.
  private func passes(_ verdict: Verdict) -> Bool {
    switch verdict {
    case .proceed:
      passedLayers += 1
      return true
    case .refuse(let status):
      dropRequest()
      finish(status.code == .ok ? Status(.internal, "a layer refused the call without saying why") : status)
    case .answer(let framed):
      dropRequest()
      finish(message: framed)
    case .wait(let decide):
      hold(until: decide)
    }
    return false
  }

  private func reachMethod() {
    handler = route.makeHandler(for: self)
    // Begun between the announcement of the end and the client's hearing of it.
    if loop.isShuttingDown { handler?.onShutdown(self) }
  }

  /// Keeps the messages back until the layer at hand knows what it wants.
  private func hold(until decide: @escaping @Sendable () async -> Verdict) {
    isReadingPaused = true
    waiting = Task {
      let verdict = await decide()
      // A call that ends cancels the task, and may be gone with its loop.
      guard !Task.isCancelled else { return }
      self.eventLoop.execute { self.release(verdict) }
    }
  }

  private func release(_ verdict: Verdict) {
    guard !isEnded, let chain = loop.chain else { return }
    isReadingPaused = false
    waiting = nil
    requestSince = LoopContext.now()
    if case .wait = verdict {
      _ = passes(.refuse(Status(.internal, "a layer waits and waits")))
    } else if passes(verdict) {
      descend(chain)
    }
    readOn()
  }

  /// Whether a layer has not yet said whether the call may proceed.
  var isHeld: Bool { waiting != nil }

  func stopWaiting() {
    waiting?.cancel()
    waiting = nil
  }

  /// Lets the layers see a request that no method will; what they say to it ends its way down.
  func showLayers() {
    guard let chain = loop.chain else { return }
    while passedLayers < chain.count, !isEnded {
      begunLayers += 1
      guard case .proceed = chain.begin(passedLayers, self) else { return }
      passedLayers += 1
    }
  }

  /// Takes the status up through the layers that let the call proceed, once. False: one of them has ended the call.
  func settle(_ status: inout Status) -> Bool {
    guard passedLayers > 0, !isSettled, let chain = loop.chain else { return true }
    isSettled = true
    chain.finish(self, &status, count: passedLayers)
    return !isEnded
  }

  func endLayers(_ summary: CallSummary) {
    guard begunLayers > 0 else { return }
    loop.chain?.end(self, summary, count: begunLayers)
  }

  /// Hands a request message to the layers that look at messages, and to the method.
  func deliver(_ message: UnsafeRawBufferPointer) {
    if let chain = loop.chain, !chain.messageLayers.isEmpty {
      for (_, layer) in chain.messageLayers { layer.received(message, self) }
      if isEnded { return }
    }
    handler?.onMessage(message, self)
  }

  func showSent(_ framed: [UInt8]) {
    guard let chain = loop.chain, !chain.messageLayers.isEmpty else { return }
    for (index, layer) in chain.messageLayers.reversed() where index < passedLayers { layer.sending(framed, self) }
  }

  /// Has the call end, at the latest, at a time of the server's clock, which is `CLOCK_MONOTONIC`; one that has passed ends it at the loop's next turn.
  public func moveDeadline(to time: UInt64) {
    guard !isEnded else { return }
    loop.removeDeadline(of: self)
    deadline = min(time, UInt64(Int64.max))
    if deadline > 0 { loop.addDeadline(of: self, at: startTime) }
  }
}
