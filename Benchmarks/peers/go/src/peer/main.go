// grpc-go peer for bench.PostController, and for grpc.testing.TestService without a database.
//
//	go-peer pg|memory|echo PORT [CERTIFICATE.pem KEY.pem]
package main

import (
	"context"
	"errors"
	"log"
	"net"
	"os"
	"time"
	"unicode/utf8"

	"github.com/golang/protobuf/ptypes/empty"
	"github.com/golang/protobuf/ptypes/timestamp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"

	pb "peer/benchpb"
	tp "peer/testpb"
)

const cols = "id, title, content, views, rating, published, created"

var errNotFound = errors.New("not found")

// store is one database; implementations are safe for concurrent use.
type store interface {
	retrieve(ctx context.Context, id int64) (*pb.Post, error)
	list(ctx context.Context, q *pb.PostListRequest, send func(*pb.Post) error) error
	create(ctx context.Context, p *pb.Post) (int64, error)
	update(ctx context.Context, p *pb.Post) error
	partialUpdate(ctx context.Context, q *pb.PostPartialUpdateRequest) (*pb.Post, error)
	destroy(ctx context.Context, id int64) error
}

type server struct{ db store }

func (s *server) Retrieve(ctx context.Context, q *pb.PostRetrieveRequest) (*pb.Post, error) {
	p, err := s.db.retrieve(ctx, q.Id)
	return p, toStatus(err, q.Id)
}

func (s *server) List(q *pb.PostListRequest, out pb.PostController_ListServer) error {
	return toStatus(s.db.list(out.Context(), q, out.Send), 0)
}

func (s *server) Create(ctx context.Context, p *pb.Post) (*pb.Post, error) {
	if err := validate(p); err != nil {
		return nil, err
	}
	id, err := s.db.create(ctx, p)
	if err != nil {
		return nil, toStatus(err, 0)
	}
	return echo(p, id), nil
}

func (s *server) Update(ctx context.Context, p *pb.Post) (*pb.Post, error) {
	if err := validate(p); err != nil {
		return nil, err
	}
	if err := s.db.update(ctx, p); err != nil {
		return nil, toStatus(err, p.Id)
	}
	return echo(p, p.Id), nil
}

func (s *server) PartialUpdate(ctx context.Context, q *pb.PostPartialUpdateRequest) (*pb.Post, error) {
	if q.Title != nil && badTitle(q.Title.Value) {
		return nil, status.Error(codes.InvalidArgument, "title: 1 to 100 characters")
	}
	if q.Content != nil && q.Content.Value == "" {
		return nil, status.Error(codes.InvalidArgument, "content: may not be blank")
	}
	p, err := s.db.partialUpdate(ctx, q)
	return p, toStatus(err, q.Id)
}

func (s *server) Destroy(ctx context.Context, q *pb.PostDestroyRequest) (*empty.Empty, error) {
	return &empty.Empty{}, toStatus(s.db.destroy(ctx, q.Id), q.Id)
}

func toStatus(err error, id int64) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errNotFound):
		return status.Errorf(codes.NotFound, "Post: %d not found!", id)
	default:
		return status.Error(codes.Internal, err.Error())
	}
}

func badTitle(t string) bool { n := utf8.RuneCountInString(t); return n == 0 || n > 100 }

func validate(p *pb.Post) error {
	switch {
	case badTitle(p.Title):
		return status.Error(codes.InvalidArgument, "title: 1 to 100 characters")
	case p.Content == "":
		return status.Error(codes.InvalidArgument, "content: may not be blank")
	case p.Created == nil:
		return status.Error(codes.InvalidArgument, "created: required")
	}
	return nil
}

// echo is the stored row: what was sent, with its id and microsecond time.
func echo(p *pb.Post, id int64) *pb.Post {
	p.Id = id
	p.Created.Nanos = p.Created.Nanos / 1000 * 1000
	return p
}

func toTime(t *timestamp.Timestamp) time.Time { return time.Unix(t.Seconds, int64(t.Nanos)).UTC() }
func fromTime(t time.Time) *timestamp.Timestamp {
	return &timestamp.Timestamp{Seconds: t.Unix(), Nanos: int32(t.Nanosecond())}
}

// setClause builds "title = $2, views = $3" and its arguments from the wrappers present;
// both drivers cache the prepared statement for each text.
func setClause(q *pb.PostPartialUpdateRequest, mark func(int) string) (set string, args []interface{}) {
	add := func(col string, v interface{}) {
		if set != "" {
			set += ", "
		}
		args = append(args, v)
		set += col + " = " + mark(len(args))
	}
	if q.Title != nil {
		add("title", q.Title.Value)
	}
	if q.Content != nil {
		add("content", q.Content.Value)
	}
	if q.Views != nil {
		add("views", q.Views.Value)
	}
	if q.Rating != nil {
		add("rating", q.Rating.Value)
	}
	if q.Published != nil {
		add("published", q.Published.Value)
	}
	if q.Created != nil {
		add("created", toTime(q.Created))
	}
	return
}

func main() {
	if len(os.Args) != 3 && len(os.Args) != 5 {
		log.Fatal("usage: go-peer pg|memory|echo PORT [CERTIFICATE.pem KEY.pem]")
	}
	var options []grpc.ServerOption
	if len(os.Args) == 5 {
		security, err := credentials.NewServerTLSFromFile(os.Args[3], os.Args[4])
		if err != nil {
			log.Fatal(err)
		}
		options = append(options, grpc.Creds(security))
	}
	g := grpc.NewServer(options...)
	switch os.Args[1] {
	case "pg":
		db := openPg(os.Getenv("BENCH_PG"))
		pb.RegisterPostControllerServer(g, &server{db})
		registerWork(g, db)
	case "memory":
		pb.RegisterPostControllerServer(g, &server{newMemory(100000)})
	case "echo":
		tp.RegisterTestServiceServer(g, &echoServer{})
	default:
		log.Fatal("go-peer: unknown kind ", os.Args[1])
	}
	l, err := net.Listen("tcp", "127.0.0.1:"+os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(g.Serve(l))
}
