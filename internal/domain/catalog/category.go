package catalog

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/text"
	"purser/internal/platform/audit"
	"purser/internal/platform/db"
)

// Category is a node of the tree by which products are found. Its slug is the
// path from the top, as drinks/tea/green.
type Category struct {
	ID       id.Category `db:"id" json:"id"`
	ParentID id.Category `db:"parent_id" json:"parent_id,omitzero"`
	Name     string      `db:"name" json:"name"`
	Slug     string      `db:"slug" json:"slug" doc:"Path from the top, such as drinks/tea."`
	Position int64       `db:"position" json:"position" doc:"Order among its siblings."`
}

const maxDepth = 10

// Categories reads the whole tree, parents before their children, siblings by
// position and name.
func Categories(ctx context.Context, r db.Reader) ([]Category, error) {
	all, err := db.Select[Category](ctx, r, `SELECT `+db.Columns[Category]()+` FROM category`)
	if err != nil {
		return nil, err
	}
	children := map[id.Category][]Category{}
	for _, c := range all {
		children[c.ParentID] = append(children[c.ParentID], c)
	}
	for _, siblings := range children {
		slices.SortFunc(siblings, func(a, b Category) int {
			return cmp.Or(cmp.Compare(a.Position, b.Position), strings.Compare(a.Name, b.Name), a.ID.Compare(b.ID))
		})
	}
	out := make([]Category, 0, len(all))
	var walk func(parent id.Category)
	walk = func(parent id.Category) {
		for _, c := range children[parent] {
			out = append(out, c)
			walk(c.ID)
		}
	}
	walk(id.Category{})
	return out, nil
}

// categoryPath splits "Drinks > Tea" into clean names.
func categoryPath(path string) []string {
	var names []string
	for part := range strings.SplitSeq(path, ">") {
		if name := text.Clean(part); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// pathSlug is the slug of a path of names.
func pathSlug(names []string) string {
	slugs := make([]string, len(names))
	for i, n := range names {
		slugs[i] = text.Slug(n)
	}
	return strings.Join(slugs, "/")
}

// checkPath tells what is wrong with a category path, or "".
func checkPath(path string) string {
	names := categoryPath(path)
	if len(names) > maxDepth {
		return "is deeper than ten levels"
	}
	for _, n := range names {
		if text.Slug(n) == "" {
			return "has a name without a letter or digit"
		}
	}
	return ""
}

// EnsureCategories finds categories by path ("Drinks > Tea") and adds those
// that are missing, in a constant number of statements. The result has them by
// path as given; an empty path is not in it.
func EnsureCategories(ctx context.Context, tx *db.Tx, paths []string) (map[string]Category, error) {
	out := map[string]Category{}
	f := fault.Fields{}
	names := map[string][]string{} // by slug, of every node on the paths
	for _, p := range paths {
		if wrong := checkPath(p); wrong != "" {
			f.Add("category", "%q %s", p, wrong)
		}
		path := categoryPath(p)
		for i := range path {
			if slug := pathSlug(path[:i+1]); names[slug] == nil {
				names[slug] = path[:i+1]
			}
		}
	}
	if err := f.Err("catalog.bad_category", "Some categories cannot be made."); err != nil || len(names) == 0 {
		return out, err
	}
	all, err := db.Select[Category](ctx, tx, `SELECT `+db.Columns[Category]()+` FROM category`)
	if err != nil {
		return nil, err
	}
	bySlug := make(map[string]Category, len(all))
	for _, c := range all {
		bySlug[c.Slug] = c
	}
	missing := make([]string, 0, len(names))
	for slug := range names {
		if _, ok := bySlug[slug]; !ok {
			missing = append(missing, slug)
		}
	}
	slices.Sort(missing) // parents come before their children
	added := make([]Category, 0, len(missing))
	for _, slug := range missing {
		path := names[slug]
		c := Category{ID: id.New[id.Category](tx.Now()), Name: path[len(path)-1], Slug: slug, ParentID: bySlug[pathSlug(path[:len(path)-1])].ID}
		bySlug[slug] = c
		added = append(added, c)
	}
	n, err := db.Insert(ctx, tx, "category", added, "ON CONFLICT (slug) DO NOTHING")
	if err != nil {
		return nil, err
	}
	if int(n) < len(added) {
		return nil, db.ErrRetry // another transaction added one of them
	}
	for _, p := range paths {
		if path := categoryPath(p); len(path) > 0 {
			out[p] = bySlug[pathSlug(path)]
		}
	}
	return out, nil
}

// SaveCategory adds a category, or renames or moves the one whose id it bears
// with all below it. The slug is made from the names.
func SaveCategory(ctx context.Context, tx *db.Tx, c Category) (Category, error) {
	c.Name = text.Clean(c.Name)
	if text.Slug(c.Name) == "" {
		return Category{}, fault.Fields{"name": "needs a letter or a digit"}.Err("catalog.bad_category", "The category cannot be saved like this.")
	}
	all, err := Categories(ctx, tx)
	if err != nil {
		return Category{}, err
	}
	byID := make(map[id.Category]Category, len(all))
	for _, o := range all {
		byID[o.ID] = o
	}
	var before any
	if c.ID.IsZero() {
		c.ID = id.New[id.Category](tx.Now())
		all = append(all, c)
	} else if old, ok := byID[c.ID]; ok {
		before = old
	} else {
		return Category{}, noCategory(c.ID)
	}
	byID[c.ID] = c
	if err := placeCategory(c, byID); err != nil {
		return Category{}, err
	}
	changed, err := respell(all, byID, c.ID)
	if err != nil {
		return Category{}, err
	}
	_, err = db.Insert(ctx, tx, "category", changed, `
		ON CONFLICT (id) DO UPDATE SET parent_id = excluded.parent_id, name = excluded.name, slug = excluded.slug, position = excluded.position`)
	if _, ok := db.Violated(err); ok {
		return Category{}, db.ErrRetry // another transaction took the slug
	}
	if err != nil {
		return Category{}, err
	}
	return byID[c.ID], audit.Record(ctx, tx, "save", "category", c.ID.String(), before, byID[c.ID])
}

func noCategory(c id.Category) error {
	return fault.New(fault.NotFound, "catalog.no_category", "There is no category %s.", c)
}

// placeCategory refuses a parent that is not there, that lies below c, or too deep.
func placeCategory(c Category, byID map[id.Category]Category) error {
	depth := 1
	for p := c.ParentID; !p.IsZero(); depth++ {
		parent, ok := byID[p]
		if !ok {
			return noCategory(p)
		}
		if p == c.ID {
			return fault.New(fault.Conflict, "catalog.category_loop", "%s cannot lie below itself.", c.Name)
		}
		if depth > maxDepth {
			return fault.New(fault.Invalid, "catalog.category_depth", "Categories go down ten levels at most.")
		}
		p = parent.ParentID
	}
	return nil
}

// respell recomputes the slugs of a category and all below it and returns those
// to write.
func respell(all []Category, byID map[id.Category]Category, top id.Category) ([]Category, error) {
	slugs := make(map[string]id.Category, len(all))
	below := map[id.Category]bool{top: true}
	var changed []Category
	spell := func(c Category) {
		c.Slug = strings.TrimPrefix(byID[c.ParentID].Slug+"/"+text.Slug(c.Name), "/")
		byID[c.ID] = c
		changed = append(changed, c)
	}
	spell(byID[top])
	for _, c := range all { // parents first
		if c.ID != top && below[c.ParentID] {
			below[c.ID] = true
			spell(byID[c.ID])
		}
	}
	for _, c := range byID {
		if _, taken := slugs[c.Slug]; taken {
			return nil, fault.New(fault.Conflict, "catalog.category_exists", "There is a category %s there already.", c.Name)
		}
		slugs[c.Slug] = c.ID
	}
	return changed, nil
}

// DeleteCategory deletes a category that has neither products nor categories
// below it.
func DeleteCategory(ctx context.Context, tx *db.Tx, c id.Category) error {
	old, err := db.Get[Category](ctx, tx, `SELECT `+db.Columns[Category]()+` FROM category WHERE id = ?`+tx.ForUpdate(), c)
	if db.None(err) {
		return noCategory(c)
	}
	if err != nil {
		return err
	}
	n, err := tx.Exec(ctx, `
		DELETE FROM category WHERE id = ? AND NOT EXISTS (SELECT 1 FROM product WHERE category_id = ?)
		AND NOT EXISTS (SELECT 1 FROM category child WHERE child.parent_id = ?)`, c, c, c)
	if err != nil {
		return err
	}
	if n == 0 {
		return fault.New(fault.Conflict, "catalog.category_in_use", "The category %s still has products or categories: move them first.", old.Name)
	}
	return audit.Record(ctx, tx, "delete", "category", c.String(), old, nil)
}
