/// A workload's name in its certificate: `spiffe://example.org/ns/shop/sa/orders` (SPIFFE-ID §2).
package enum SPIFFEID {
  /// Whether `text` is a trust domain's name.
  package static func isTrustDomain(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.count <= 255
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"): true
        default: false
        }
      }
  }

  /// The one id among a certificate's URIs (X509-SVID §2: there is exactly one), if it is a workload's of the domain.
  package static func workload(_ uris: [String], of domain: String) -> String? {
    guard uris.count == 1, let uri = uris.first, uri.utf8.count <= 2048 else { return nil }
    let prefix = "spiffe://\(domain)/"
    guard uri.utf8.starts(with: prefix.utf8) else { return nil }
    let segments = uri.utf8.dropFirst(prefix.utf8.count)
      .split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    let arePlain = segments.allSatisfy { segment in
      !segment.isEmpty && !segment.elementsEqual(".".utf8) && !segment.elementsEqual("..".utf8)
        && segment.allSatisfy { byte in
          switch byte {
          case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
          case UInt8(ascii: "0")...UInt8(ascii: "9"): true
          case UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"): true
          default: false
          }
        }
    }
    return arePlain ? uri : nil
  }
}
