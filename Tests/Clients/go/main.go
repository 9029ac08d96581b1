// The ancestor's four clients in Go: `client HOST:PORT` prints what each call answers.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"account"
	"blog_proto"
	"hrm"
	"snippets"
)

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func tutorial(ctx context.Context, connection *grpc.ClientConn) {
	client := blog_proto.NewPostControllerClient(connection)
	created, err := client.Create(ctx, &blog_proto.Post{Title: "t1", Content: "c1"})
	check(err)
	fmt.Println("Create", created.Title, created.Content)

	stream, err := client.List(ctx, &blog_proto.PostListRequest{})
	check(err)
	for {
		row, err := stream.Recv()
		if err == io.EOF {
			break
		}
		check(err)
		fmt.Println("List", row.Title, row.Id == created.Id)
	}

	found, err := client.Retrieve(ctx, &blog_proto.PostRetrieveRequest{Id: created.Id})
	check(err)
	fmt.Println("Retrieve", found.Title, found.Content)

	updated, err := client.Update(ctx, &blog_proto.Post{Id: created.Id, Title: "t2", Content: "c2"})
	check(err)
	fmt.Println("Update", updated.Title, updated.Content)

	_, err = client.Destroy(ctx, &blog_proto.Post{Id: created.Id})
	check(err)
	_, err = client.Retrieve(ctx, &blog_proto.PostRetrieveRequest{Id: created.Id})
	if status.Code(err) != codes.NotFound {
		log.Fatalf("after Destroy: %v", err)
	}
	fmt.Println("Destroy", len(status.Convert(err).Proto().Details) > 0)
}

func quickstart(ctx context.Context, connection *grpc.ClientConn) {
	client := account.NewUserControllerClient(connection)
	created, err := client.Create(ctx, &account.User{Username: "tom", Email: "tom@account.com", Groups: []int32{1, 2}})
	check(err)
	fmt.Println("User", created.Username, len(created.Groups))
	stream, err := client.List(ctx, &account.UserListRequest{})
	check(err)
	for {
		row, err := stream.Recv()
		if err == io.EOF {
			break
		}
		check(err)
		fmt.Println("List", row.Email, len(row.Groups))
	}
	_, err = client.Destroy(ctx, created)
	check(err)
}

func person(ctx context.Context, connection *grpc.ClientConn) {
	client := hrm.NewPersonControllerClient(connection)
	request := &hrm.PersonPartialUpdateRequest{Id: 1, Name: &wrapperspb.StringValue{Value: "amy"}}
	changed, err := client.PartialUpdate(ctx, request)
	check(err)
	fmt.Println("Person", changed.Name, changed.Email)
}

func snippet(ctx context.Context, connection *grpc.ClientConn) {
	client := snippets.NewSnippetControllerClient(connection)
	null := &snippets.NullableString{Kind: &snippets.NullableString_Null{Null: structpb.NullValue_NULL_VALUE}}
	changed, err := client.Update(ctx, &snippets.Snippet{Id: 1, Title: "snippet title", Language: null})
	check(err)
	_, isNull := changed.Language.Kind.(*snippets.NullableString_Null)
	fmt.Println("Snippet", changed.Title, isNull)

	value := &snippets.NullableString{Kind: &snippets.NullableString_Value{Value: "go"}}
	changed, err = client.Update(ctx, &snippets.Snippet{Id: 1, Title: "snippet title", Language: value})
	check(err)
	fmt.Println("Snippet", changed.Title, changed.Language.GetValue())
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	connection, err := grpc.DialContext(ctx, os.Args[1], grpc.WithInsecure(), grpc.WithBlock())
	check(err)
	defer connection.Close()
	tutorial(ctx, connection)
	quickstart(ctx, connection)
	person(ctx, connection)
	snippet(ctx, connection)
}
