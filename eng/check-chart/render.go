// Renders a Helm chart's templates as Helm does: Go's templates, Sprig's functions, and Helm's own include, tpl, required, toYaml,
// fromYaml, lookup and .Files. NOTES.txt is printed as a comment. For checks where Helm itself cannot be had.
//
//	render CHART [VALUES.yaml…]
package main

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig"
	"sigs.k8s.io/yaml"
)

type object = map[string]interface{}

// The chart's files by path, with the methods of Helm's .Files that take no encoding.
type files map[string][]byte

func (f files) Get(name string) string { return string(f[name]) }

func (f files) Glob(pattern string) files {
	found := files{}
	for name, content := range f {
		matches, err := path.Match(pattern, name)
		check(err)
		if matches {
			found[name] = content
		}
	}
	return found
}

func (f files) AsConfig() string {
	data := map[string]string{}
	for name, content := range f {
		data[path.Base(name)] = string(content)
	}
	return toYaml(data)
}

func main() {
	chart := os.Args[1]
	values := read(filepath.Join(chart, "values.yaml"))
	for _, file := range os.Args[2:] {
		merge(values, read(file))
	}
	meta := object{}
	for key, value := range read(filepath.Join(chart, "Chart.yaml")) {
		meta[strings.ToUpper(key[:1])+key[1:]] = value
	}
	data := object{
		"Values":       values,
		"Chart":        meta,
		"Release":      object{"Name": "r", "Namespace": "default", "Service": "Helm", "IsInstall": true, "IsUpgrade": false, "Revision": 1},
		"Files":        chartFiles(chart),
		"Capabilities": object{"KubeVersion": object{"Version": "v1.31.0", "Major": "1", "Minor": "31"}},
	}

	all := template.New("chart").Option("missingkey=zero")
	functions := sprig.TxtFuncMap()
	functions["toYaml"] = toYaml
	functions["fromYaml"] = func(text string) (object, error) {
		result := object{}
		return result, yaml.Unmarshal([]byte(text), &result)
	}
	functions["include"] = func(name string, data interface{}) (string, error) {
		var text strings.Builder
		err := all.ExecuteTemplate(&text, name, data)
		return text.String(), err
	}
	functions["tpl"] = func(text string, data interface{}) (string, error) {
		var out strings.Builder
		t, err := template.Must(all.Clone()).New("tpl").Parse(text)
		if err != nil {
			return "", err
		}
		err = t.Execute(&out, data)
		return out.String(), err
	}
	functions["required"] = func(message string, value interface{}) (interface{}, error) {
		if value == nil || value == "" {
			return nil, fmt.Errorf("%s", message)
		}
		return value, nil
	}
	functions["lookup"] = func(...string) object { return object{} }
	functions["fail"] = func(message string) (string, error) { return "", fmt.Errorf("%s", message) }
	all.Funcs(functions)

	templates, err := filepath.Glob(filepath.Join(chart, "templates", "*"))
	check(err)
	for _, file := range templates {
		text, err := os.ReadFile(file)
		check(err)
		template.Must(all.New(filepath.Base(file)).Parse(string(text)))
	}
	for _, file := range templates {
		name := filepath.Base(file)
		if strings.HasPrefix(name, "_") {
			continue
		}
		var text strings.Builder
		check(all.ExecuteTemplate(&text, name, data))
		if strings.HasSuffix(name, ".txt") {
			fmt.Printf("# %s\n", strings.ReplaceAll(text.String(), "\n", "\n# "))
			continue
		}
		fmt.Printf("---\n# Source: %s\n%s\n", name, strings.ReplaceAll(text.String(), "<no value>", ""))
	}
}

func chartFiles(chart string) files {
	result := files{}
	check(filepath.Walk(chart, func(file string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() {
			return err
		}
		name, err := filepath.Rel(chart, file)
		check(err)
		if !strings.HasPrefix(name, "templates/") && path.Dir(name) != "." {
			result[name], err = os.ReadFile(file)
		}
		return err
	}))
	return result
}

func toYaml(value interface{}) string {
	text, err := yaml.Marshal(value)
	check(err)
	return strings.TrimSuffix(string(text), "\n")
}

func read(file string) object {
	text, err := os.ReadFile(file)
	check(err)
	result := object{}
	check(yaml.Unmarshal(text, &result))
	return result
}

func merge(into, from object) {
	for key, value := range from {
		inner, isObject := value.(object)
		outer, wasObject := into[key].(object)
		if isObject && wasObject {
			merge(outer, inner)
		} else {
			into[key] = value
		}
	}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}
