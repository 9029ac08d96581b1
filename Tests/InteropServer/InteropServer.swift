import Glibc
import NIOCore
import NIOPosix
import PillionTransport

/// gRPC's interoperability `TestService` on Pillion's transport, for the clients of other languages in `Tests/Clients`.
///
/// Prints `listening on 127.0.0.1:PORT` and serves until SIGTERM.
@main
struct InteropServer {
  static func main() async throws {
    signal(SIGTERM) { _ in _exit(0) }
    signal(SIGPIPE, SIG_IGN)

    let configuration = TransportConfiguration()
    let group = configuration.makeEventLoopGroup()
    let server = TransportServer(
      configuration: configuration, router: Router(methods: InteropService.methods), group: group)
    let address = try await server.bind(host: "127.0.0.1", port: 0)
    print("listening on 127.0.0.1:\(address.port ?? 0)")
    fflush(nil)
    while true { try await Task.sleep(for: .seconds(3600)) }
  }
}
