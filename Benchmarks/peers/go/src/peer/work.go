package main

import (
	"context"
	"time"

	"github.com/golang/protobuf/ptypes/wrappers"
	"github.com/jackc/pgx/v4"
	"google.golang.org/grpc"

	pb "peer/benchpb"
)

// The services besides that of posts: heavy rows, wide rows, and posts with their tags.

type heavyServer struct{ pgStore }

func (s heavyServer) Retrieve(ctx context.Context, q *pb.PostRetrieveRequest) (*pb.Post, error) {
	p, err := scan(s.QueryRow(ctx, "SELECT "+cols+" FROM bench_heavy WHERE id = $1", q.Id))
	return p, toStatus(err, q.Id)
}

type taggedServer struct{ pgStore }

func (s taggedServer) List(q *pb.PostListRequest, out pb.TaggedController_ListServer) error {
	rows, err := s.Query(out.Context(), "SELECT "+cols+", ARRAY(SELECT tag_id FROM bench_post_tags WHERE post_id = bench_post.id ORDER BY tag_id) "+
		"FROM bench_post ORDER BY id LIMIT $1", limit(q))
	if err != nil {
		return toStatus(err, 0)
	}
	defer rows.Close()
	for rows.Next() {
		p := new(pb.TaggedPost)
		var rating *float64
		var created time.Time
		if err := rows.Scan(&p.Id, &p.Title, &p.Content, &p.Views, &rating, &p.Published, &created, &p.Tags); err != nil {
			return toStatus(err, 0)
		}
		if rating != nil {
			p.Rating = &wrappers.DoubleValue{Value: *rating}
		}
		p.Created = fromTime(created)
		if err := out.Send(p); err != nil {
			return err
		}
	}
	return toStatus(rows.Err(), 0)
}

const wideCols = "id, t01, t02, t03, t04, t05, t06, t07, t08, t09, t10, t11, t12, t13, t14, t15, t16, t17, t18, t19, " +
	"t20, n01, n02, n03, n04, n05, n06, n07, n08, n09, n10, n11, n12, n13, n14, n15, n16, n17, n18, n19, " +
	"n20, d01, d02, d03, d04, d05, d06, d07, d08, d09, d10, b01, b02, b03, b04, b05, b06, b07, b08, b09"

func scanWide(row pgx.Row) (*pb.Wide, error) {
	w := new(pb.Wide)
	err := row.Scan(&w.Id,
		&w.T01, &w.T02, &w.T03, &w.T04, &w.T05, &w.T06, &w.T07, &w.T08, &w.T09, &w.T10,
		&w.T11, &w.T12, &w.T13, &w.T14, &w.T15, &w.T16, &w.T17, &w.T18, &w.T19, &w.T20,
		&w.N01, &w.N02, &w.N03, &w.N04, &w.N05, &w.N06, &w.N07, &w.N08, &w.N09, &w.N10,
		&w.N11, &w.N12, &w.N13, &w.N14, &w.N15, &w.N16, &w.N17, &w.N18, &w.N19, &w.N20,
		&w.D01, &w.D02, &w.D03, &w.D04, &w.D05, &w.D06, &w.D07, &w.D08, &w.D09, &w.D10,
		&w.B01, &w.B02, &w.B03, &w.B04, &w.B05, &w.B06, &w.B07, &w.B08, &w.B09)
	if err == pgx.ErrNoRows {
		return nil, errNotFound
	}
	return w, err
}

type wideServer struct{ pgStore }

func (s wideServer) Retrieve(ctx context.Context, q *pb.PostRetrieveRequest) (*pb.Wide, error) {
	w, err := scanWide(s.QueryRow(ctx, "SELECT "+wideCols+" FROM bench_wide WHERE id = $1", q.Id))
	return w, toStatus(err, q.Id)
}

func (s wideServer) List(q *pb.PostListRequest, out pb.WideController_ListServer) error {
	rows, err := s.Query(out.Context(), "SELECT "+wideCols+" FROM bench_wide ORDER BY id LIMIT $1", limit(q))
	if err != nil {
		return toStatus(err, 0)
	}
	defer rows.Close()
	for rows.Next() {
		w, err := scanWide(rows)
		if err != nil {
			return toStatus(err, 0)
		}
		if err := out.Send(w); err != nil {
			return err
		}
	}
	return toStatus(rows.Err(), 0)
}

func registerWork(g *grpc.Server, db pgStore) {
	pb.RegisterHeavyControllerServer(g, heavyServer{db})
	pb.RegisterTaggedControllerServer(g, taggedServer{db})
	pb.RegisterWideControllerServer(g, wideServer{db})
}
