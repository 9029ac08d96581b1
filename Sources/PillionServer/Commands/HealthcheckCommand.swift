import NIOCore
import NIOPosix
import PillionService
package import PillionTransport

/// `pillion healthcheck`: asks a server for its health, as a container's health check or a probe does.
package struct HealthcheckCommand {
  package var client: UnaryClient
  /// Full name of a service; empty: the server as a whole.
  package var service = ""
  /// Whether any answer will do: the server is alive, though perhaps its database is not.
  package var asksLife = false

  package init(client: UnaryClient) { self.client = client }

  package func run() -> ExitStatus {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    defer { try? group.syncShutdownGracefully() }
    let (client, request) = (client, HealthQuestion.request(service: service))
    let answer: UnaryClient.Answer
    do {
      answer = try waitFor { try await client.call(HealthQuestion.path, request, group: group) }
    } catch {
      Terminal.complain("error: \(error)")
      return (error as? UnaryClientError)?.isUsage == true ? .usage : .unavailable
    }
    let said =
      answer.status.code == .ok
      ? HealthQuestion.status(in: answer.message) ?? "an answer that is none of a health service"
      : "\(answer.status.code): \(answer.status.message)"
    if asksLife {
      Terminal.print("alive: \(said)")
      return .success
    }
    guard said == HealthQuestion.serving else {
      Terminal.complain(said)
      return .failure
    }
    Terminal.print(said)
    return .success
  }
}

extension Configuration {
  /// Where a command on the same machine reaches the server that this configuration makes: the first address in
  /// plaintext, or else the first; nil: its port is not known beforehand. And whether it speaks TLS.
  package var ownAddress: (address: ListenAddress, isSecure: Bool)? {
    func isSecure(_ address: ListenAddress) -> Bool {
      if case .tcp(_, _, isPlaintext: false) = address { !tls.certificate.isEmpty } else { false }
    }
    guard let address = listen.first(where: { !isSecure($0) }) ?? listen.first else { return nil }
    switch address {
    case .tcp(_, 0, _): return nil
    case .tcp(let host, let port, let isPlaintext):
      let loopbacks = ["0.0.0.0": "127.0.0.1", "::": "::1"]
      return (.tcp(host: loopbacks[host] ?? host, port: port, isPlaintext: isPlaintext), isSecure(address))
    case .unix: return (address, false)
    }
  }
}

extension ListenAddress {
  package var target: UnaryClient.Target {
    switch self {
    case .tcp(let host, let port, _): .tcp(host: host, port: port)
    case .unix(let path): .unix(path: path)
    }
  }
}
