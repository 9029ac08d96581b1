import PillionSchema
import PillionService
import SwiftProtobuf

/// A service over a model, put together in code: its actions are those of the mixins that it conforms to, its hooks its
/// own, and its own methods stand beside them.
///
///     struct PostController: ModelService {
///       typealias Record = Blog_Post
///       let name = "blog.PostController"
///
///       func performCreate(
///         _ post: Blog_Post, _ context: CallContext, save: (Blog_Post) async throws -> Blog_Post
///       ) async throws -> Blog_Post { … }
///     }
///
///     server.add(PostController())
///
/// With the name of a service in the definitions it takes that service's place, all of it: an action whose mixin it does
/// not have is UNIMPLEMENTED. With another name it stands beside them, and its calls have the messages, fields, filter and
/// lookup of the service whose message `model` is. Either way a call goes through the handlers, rules, row filters and
/// statements that a service of the definitions has; what an action needs of messages has to be in the definitions.
///
/// The hooks are this service's alone, and `ModelHooks` that were added for the model are not asked for its calls.
public protocol GenericService: Service, ModelHooks {}

extension GenericService {
  /// The model whose message `Record` is.
  public var model: String { Record.protoMessageName }

  /// None beside the actions.
  public var methods: [ServiceMethod] { [] }

  var actions: Set<Action> {
    var actions: Set<Action> = []
    if self is any ListModel { actions.insert(.list) }
    if self is any ListPageModel { actions.insert(.listPage) }
    if self is any CreateModel { actions.insert(.create) }
    if self is any RetrieveModel { actions.insert(.retrieve) }
    if self is any UpdateModel { actions.insert(.update) }
    if self is any PartialUpdateModel { actions.insert(.partialUpdate) }
    if self is any DestroyModel { actions.insert(.destroy) }
    return actions
  }
}

// MARK: Mixins

/// `List`: the rows that `queryset` says, filtered and ordered as the request says, one after the other.
public protocol ListModel: GenericService {}

/// `ListPage`: the same a page at a time.
public protocol ListPageModel: GenericService {}

/// `Create`, around whose write `performCreate` is.
public protocol CreateModel: GenericService {}

/// `Retrieve`, whose row `getObject` finds.
public protocol RetrieveModel: GenericService {}

/// `Update`, around whose write `performUpdate` is.
public protocol UpdateModel: GenericService {}

/// `PartialUpdate`, around whose write `performPartialUpdate` is.
public protocol PartialUpdateModel: GenericService {}

/// `Destroy`, around whose deletion `performDestroy` is.
public protocol DestroyModel: GenericService {}

// MARK: Services

public typealias ListService = ListModel
public typealias CreateService = CreateModel
public typealias RetrieveService = RetrieveModel
public typealias UpdateService = UpdateModel
public typealias DestroyService = DestroyModel
/// List and Retrieve.
public typealias ReadOnlyModelService = ListModel & RetrieveModel
/// List, Create, Retrieve, Update, PartialUpdate and Destroy.
public typealias ModelService = ListModel & CreateModel & RetrieveModel & UpdateModel & PartialUpdateModel
  & DestroyModel
