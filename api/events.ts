import type { EventDefinition } from "@weir/model";

export const requestFailed: EventDefinition = {
  level: "error",
  message: "A request to the API failed.",
  counter: "api_errors",
  labels: ["code"],
};

export const storageRefused: EventDefinition = {
  level: "warn",
  message: "The API could not answer for now.",
  counter: "api_unavailable",
  labels: ["code"],
};

export const signInRefused: EventDefinition = {
  level: "warn",
  message: "A sign-in was refused.",
  counter: "sign_ins_refused",
  labels: ["by"],
};

export const projectDeleted: EventDefinition = {
  level: "info",
  message: "A project was deleted, and its data is being deleted.",
  counter: "projects_deleted",
};

export const dataDeletionStarted: EventDefinition = {
  level: "info",
  message: "The deletion of a trace's or a user's data has begun.",
  counter: "data_deletions",
};

export const projectExported: EventDefinition = {
  level: "info",
  message: "A part of a project is read as a whole.",
  counter: "project_exports",
};

export const projectChanged: EventDefinition = {
  level: "info",
  message: "A project's name or retention was changed.",
  counter: "projects_changed",
};

export const signInFailed: EventDefinition = {
  level: "warn",
  message: "A single sign-on did not come to its end.",
};
