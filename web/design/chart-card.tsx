import { ChartNoAxesColumn, Table2 } from "lucide-react";
import { type ReactNode, useState } from "react";
import { Button } from "./button.tsx";
import { classes } from "./classes.ts";
import { Swatch } from "./time-chart.tsx";

export function Card(props: { title: ReactNode; actions?: ReactNode; children: ReactNode; className?: string }) {
  return (
    <section className={classes("flex min-w-0 flex-col rounded-lg border border-line bg-panel", props.className)}>
      <header className="flex min-h-10 flex-wrap items-center gap-2 px-4 pt-1.5">
        <h2 className="flex-1 font-medium whitespace-nowrap">{props.title}</h2>
        {props.actions}
      </header>
      {props.children}
    </section>
  );
}

export interface TableOfChart {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** A chart with its legend, that can be read as a table. */
export function ChartCard(props: {
  title: string;
  legend?: readonly { name: string; colour: string }[];
  actions?: ReactNode;
  table: () => TableOfChart;
  children: ReactNode;
}) {
  const { title, legend = [], actions, table, children } = props;
  const [asTable, setAsTable] = useState(false);
  const Icon = asTable ? ChartNoAxesColumn : Table2;
  const name = asTable ? "Show the chart" : "Read as a table";
  return (
    <Card
      title={title}
      actions={
        <>
          {actions}
          <Button
            size="tiny"
            variant="quiet"
            aria-label={`${title}: ${name.toLowerCase()}`}
            data-hint={name}
            onClick={() => setAsTable(!asTable)}
          >
            <Icon size={14} aria-hidden="true" />
          </Button>
        </>
      }
    >
      <div className="px-2 pb-2">
        {asTable ? <ChartTable title={title} table={table()} /> : children}
        {legend.length > 0 && !asTable && (
          <ul className="mt-1 flex flex-wrap gap-x-4 gap-y-0.5 px-2 text-xs text-muted">
            {legend.map(({ name: entry, colour }) => (
              <li key={entry} className="inline-flex items-center gap-1.5">
                <Swatch colour={colour} />
                {entry}
              </li>
            ))}
          </ul>
        )}
      </div>
    </Card>
  );
}

function ChartTable({ title, table }: { title: string; table: TableOfChart }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard.
    <div className="num h-[188px] overflow-auto rounded border border-line text-xs" tabIndex={0}>
      <table className="w-full">
        <caption className="sr-only">{title}</caption>
        <thead className="sticky top-0 bg-sunken text-left text-muted">
          <tr>
            {table.columns.map((column, index) => (
              <th key={column} scope="col" className={classes("px-2 py-1 font-medium", index > 0 && "text-right")}>
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {table.rows.map(([head, ...cells]) => (
            <tr key={head} className="border-t border-line">
              <th scope="row" className="px-2 py-0.5 text-left font-normal whitespace-nowrap text-muted">
                {head}
              </th>
              {cells.map((cell, index) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: the columns of a row do not move.
                <td key={index} className="px-2 py-0.5 text-right">
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
