import Glibc
package import NIOCore

extension NIOBSDSocket.Option {
  /// Several sockets of one user may listen on one port; each new connection goes to one of them (socket(7)).
  package static let so_reuseport = NIOBSDSocket.Option(rawValue: SO_REUSEPORT)
}
