// Finds what a source, bundle or declaration file imports, in every way that JavaScript and TypeScript have, by parsing
// it. The tests of the house and of the built package use it.

import ts from "typescript";

/** One import: the module that it names (null when it is computed at run time) and where it stands. */
export interface Import {
  readonly specifier: string | null;
  readonly line: number;
}

/** All static, dynamic, `require`, type and triple-slash imports and re-exports of a file, in no particular order. */
export function importsOf(fileName: string, text: string): Import[] {
  const file = ts.createSourceFile(fileName, text, ts.ScriptTarget.ES2022, true);
  const imports: Import[] = [];
  const add = (specifier: string | null, position: number) =>
    imports.push({ specifier, line: file.getLineAndCharacterOfPosition(position).line + 1 });

  for (const { fileName: name, pos } of [...file.typeReferenceDirectives, ...file.referencedFiles]) add(name, pos);

  const visit = (node: ts.Node): void => {
    const module = moduleOf(node);
    if (module !== undefined) {
      add(module !== null && ts.isStringLiteralLike(module) ? module.text : null, node.getStart(file));
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return imports;
}

/** The expression that names the module if `node` is an import (null without one), undefined if it is not. */
function moduleOf(node: ts.Node): ts.Node | null | undefined {
  if (ts.isImportDeclaration(node)) return node.moduleSpecifier;
  if (ts.isExportDeclaration(node)) return node.moduleSpecifier;
  if (ts.isExternalModuleReference(node)) return node.expression;
  if (ts.isImportTypeNode(node)) return ts.isLiteralTypeNode(node.argument) ? node.argument.literal : null;
  if (ts.isModuleDeclaration(node) && ts.isStringLiteral(node.name)) return node.name;
  if (ts.isCallExpression(node) && isImporter(node.expression)) return node.arguments[0] ?? null;
  return undefined;
}

/** `import(…)`, `require(…)`, `require.resolve(…)`, `import.meta.resolve(…)`, and esbuild's `__require(…)`. */
function isImporter(callee: ts.Expression): boolean {
  if (callee.kind === ts.SyntaxKind.ImportKeyword) return true;
  if (ts.isIdentifier(callee)) return callee.text === "require" || callee.text === "__require";
  if (!ts.isPropertyAccessExpression(callee) || callee.name.text !== "resolve") return false;
  return ts.isMetaProperty(callee.expression) || isImporter(callee.expression);
}
