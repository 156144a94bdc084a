import type { EventDefinition } from "@weir/model";

export const requestFailed: EventDefinition = {
  level: "error",
  message: "a request to the API failed",
  counter: "api_errors",
  labels: ["code"],
};

export const storageRefused: EventDefinition = {
  level: "warn",
  message: "the API could not answer for now",
  counter: "api_unavailable",
  labels: ["code"],
};

export const signInRefused: EventDefinition = {
  level: "warn",
  message: "a sign-in was refused",
  counter: "sign_ins_refused",
  labels: ["by"],
};

export const projectDeleted: EventDefinition = {
  level: "info",
  message: "a project was deleted, and its data is being deleted",
  counter: "projects_deleted",
};

export const dataDeletionStarted: EventDefinition = {
  level: "info",
  message: "the deletion of a trace's or a user's data has begun",
  counter: "data_deletions",
};

export const projectExported: EventDefinition = {
  level: "info",
  message: "a part of a project is read as a whole",
  counter: "project_exports",
};

export const projectChanged: EventDefinition = {
  level: "info",
  message: "a project's name or retention was changed",
  counter: "projects_changed",
};

export const signInFailed: EventDefinition = {
  level: "warn",
  message: "a single sign-on did not come to its end",
};
