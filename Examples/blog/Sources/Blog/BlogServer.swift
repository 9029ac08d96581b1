import Pillion
import PillionGRPC

/// The blog: the models of `models/`, with hooks, a layer and two services of its own.
public enum BlogServer {
  /// - Parameter folder: where `models/`, `protos/` and `pillion.yaml` are.
  public static func make(folder: String = ".") -> Server {
    var server = Server(
      configuration: "\(folder)/pillion.yaml",
      settings: ["models": "\(folder)/models", "protos": "\(folder)/protos"])
    server.register("ServedBy") { ServedBy() }
    server.add(PostHooks())
    server.add(Publishing())
    server.add(grpc: [Feed()])
    return server
  }
}
