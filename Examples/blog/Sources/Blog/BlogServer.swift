import Pillion
import PillionGRPC

/// The blog: the models of `models/`, with hooks, a method and a layer of its own, and a service of grpc-swift.
public enum BlogServer {
  /// - Parameter folder: where `models/`, `protos/` and `pillion.yaml` are.
  public static func make(folder: String = ".") -> Server {
    var server = Server(
      configuration: "\(folder)/pillion.yaml",
      settings: ["models": "\(folder)/models", "protos": "\(folder)/protos"])
    server.register("ServedBy") { ServedBy() }
    server.add(PostHooks())
    server.add(publish, to: "blog.PostController")
    server.add(grpc: [Feed()])
    return server
  }
}
